import { iperf } from '../../jobs/iperf.ts';
import { openCluster } from '../../src/cluster/connect.ts';
import { ClusterName } from '../../src/core/ids.ts';
import { silentLog, systemClock } from './rehearsal-cluster.ts';

/** A worker that measures until somebody kills it. Arguments: kubeconfig, owner. Prints `measuring` when it does. */
async function main([kubeconfigPath = '', owner = '']: readonly string[]): Promise<void> {
  const name = ClusterName.parse('prod');
  const { port, write } = await openCluster({
    name,
    context: 'chatops',
    kubeconfigPath,
    clock: systemClock,
    log: silentLog,
  });
  const probes = { write, owner, namespace: 'cilium-chatops', image: 'probes' };
  const context = { cluster: port, clock: systemClock, log: silentLog, signal: AbortSignal.timeout(120_000), probes };
  for await (const progress of iperf.run({ duration: 30, runs: 5 }, context)) {
    if (progress.type === 'step-started' && progress.step === 'bench-runs') process.stdout.write('measuring\n');
  }
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`${String(thrown)}\n`);
  process.exit(1);
});
