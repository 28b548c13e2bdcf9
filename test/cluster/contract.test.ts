import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { openCluster } from '../../src/cluster/connect.ts';
import { ClusterName } from '../../src/core/ids.ts';
import { CILIUM_NODES, CONFIG_MAPS, NAMESPACES, NODES, PODS } from '../../src/core/resources.ts';
import { clusterContract } from '../contract/cluster.contract.ts';
import { evictContract } from '../contract/evict.contract.ts';
import { commandNotFound, fakeCluster } from '../support/fake-cluster.ts';
import { openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';

const named = (name: string, namespace?: string, labels = {}) => ({ metadata: { name, namespace, labels } });
const pod = (name: string, namespace: string, labels: Record<string, string>) => ({
  ...named(name, namespace, labels),
  spec: { nodeName: 'node1', containers: [{ name: 'c' }] },
  status: { phase: 'Running' },
});

clusterContract('the fake', async () => {
  const port = fakeCluster({
    objects: [
      [NODES, [named('node1')]],
      [NAMESPACES, [named('default'), named('kube-system')]],
      [CILIUM_NODES, [named('node1')]],
      [CONFIG_MAPS, [named('cilium-config', 'kube-system')]],
      [
        PODS,
        [
          pod('cilium-1', 'kube-system', { 'k8s-app': 'cilium' }),
          pod('cilium-2', 'kube-system', { 'k8s-app': 'cilium' }),
          pod('web', 'default', {}),
        ],
      ],
    ],
    exec: ({ command, pod }) => {
      if (command[0] !== 'cilium') throw commandNotFound(command[0], pod);
      return { exitCode: 0, stdout: 'Client: 1.19.0', stderr: '' };
    },
    log: () => 'one\ntwo\nthree',
  });
  return { port, close: async () => undefined };
});

clusterContract('the rehearsal cluster', () => openRehearsalCluster());
evictContract('the rehearsal cluster', () => openRehearsalCluster({ start: { speed: 20 } }));

const path = process.env['CONTRACT_KUBECONFIG'];
if (path === undefined)
  // Seen in the last lines of a run: what was not played here, and what it needs.
  describe.skip('ClusterPort on a real cluster: CONTRACT_KUBECONFIG is not set', () => it('', () => undefined));
else {
  clusterContract(`the cluster of ${path}`, () => openReal(path));
  evictContract(`the cluster of ${path}`, () => openReal(path));
}

async function openReal(kubeconfigPath: string) {
  if (!existsSync(kubeconfigPath) || readFileSync(kubeconfigPath).length === 0)
    throw new Error(`CONTRACT_KUBECONFIG names ${kubeconfigPath}, which is not a kubeconfig`);
  return openCluster({ name: ClusterName.parse('contract'), kubeconfigPath, clock: systemClock, log: silentLog });
}
