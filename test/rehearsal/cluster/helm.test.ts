import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { HELMS } from '../../helm/real-helms.ts';
import { EVERY } from '../../support/every.ts';
import { configMap, NATIVE, type Ran, runHelm, upgradeArgs, writeChart } from './a-release.ts';
import { ask, control, setFault } from './support.ts';

/** Each case runs helm up to six times, half a second of CPU and some hundred requests each. */
const LONG_MS = 90_000;

type Revision = { readonly revision: number; readonly status: string; readonly description: string };

describe.each(HELMS.filter(({ name }) => EVERY || name === 'helm'))(
  'real $name',
  { timeout: LONG_MS },
  ({ name, path = '' }) => {
    let cluster: RehearsalCluster;
    let folder = '';
    beforeAll(async () => {
      if (path === '') return;
      cluster = await startRehearsalCluster({ speed: 20 });
      folder = await writeChart(cluster);
    });
    afterAll(async () => {
      if (path === '') return;
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    });
    afterEach(async () => {
      if (path !== '') await control(cluster, '/reset', {});
    });

    const helm = (...args: readonly string[]): Promise<Ran> => runHelm(cluster, { path, folder }, args);
    const history = async (): Promise<readonly Revision[]> =>
      JSON.parse((await helm('history', 'cilium', '-o', 'json')).out) as readonly Revision[];
    const generation = async (resource: string): Promise<unknown> => {
      const { body } = await ask(cluster, { path: `/apis/apps/v1/namespaces/kube-system/${resource}` });
      return (body as { metadata: { generation: number } }).metadata.generation;
    };

    describe.skipIf(path === '')(path === '' ? `(skipped: no ${name})` : 'on the release as recorded', () => {
      it('renders with a server dry run and changes nothing', async () => {
        const ran = await helm(...upgradeArgs(NATIVE, '--dry-run=server', '-o', 'json'));

        expect(ran).toMatchObject({ code: 0 });
        expect((JSON.parse(ran.out) as { manifest: string }).manifest).toContain('routing-mode: "native"');
        expect(await history()).toHaveLength(1);
        expect(await configMap(cluster)).toMatchObject({ 'routing-mode': 'tunnel' });
      });

      it('upgrades: three keys of the ConfigMap change, no workload does', async () => {
        const before = await configMap(cluster);

        expect(await helm(...upgradeArgs(NATIVE, '--description', 'run-1'))).toMatchObject({ code: 0 });

        const after = await configMap(cluster);
        const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
        expect(changed.sort()).toEqual(['auto-direct-node-routes', 'ipv4-native-routing-cidr', 'routing-mode']);
        expect(await generation('daemonsets/cilium')).toBe(1);
        expect(await generation('deployments/cilium-operator')).toBe(1);
        expect((await history()).at(-1)).toMatchObject({ revision: 2, status: 'deployed', description: 'run-1' });
      });

      it('rolls back, and the result renders again', async () => {
        await helm(...upgradeArgs(NATIVE));

        const ran = await helm('rollback', 'cilium', '1');

        expect(ran).toMatchObject({ code: 0 });
        expect(await configMap(cluster)).toMatchObject({ 'routing-mode': 'tunnel' });
        expect(await configMap(cluster)).not.toHaveProperty('ipv4-native-routing-cidr');
        expect(await helm(...upgradeArgs(NATIVE, '--dry-run=server'))).toMatchObject({ code: 0 });
      });

      // One helm is enough for what the switch does; each case runs it three times.
      it.skipIf(name === 'helm3').each([
        { fault: 'dies-before', mode: 'tunnel' },
        { fault: 'dies-half-way', mode: 'native' },
      ])('$fault: the release stays pending until a rollback settles it', async ({ fault, mode }) => {
        await setFault(cluster, 'helm', fault);
        const died = await helm(...upgradeArgs(NATIVE));
        await setFault(cluster, 'helm', 'off');

        const again = await helm(...upgradeArgs(NATIVE));

        expect(died.code).not.toBe(0);
        expect((await history()).at(-1)).toMatchObject({ revision: 2, status: 'pending-upgrade' });
        expect(await configMap(cluster)).toMatchObject({ 'routing-mode': mode });
        expect(again.err).toContain('another operation (install/upgrade/rollback) is in progress');
        expect(await helm('rollback', 'cilium', '1')).toMatchObject({ code: 0 });
        expect(await configMap(cluster)).toMatchObject({ 'routing-mode': 'tunnel' });
      });
    });
  },
);

if (!EVERY) describe('helm 3 on the release as recorded (with CI=1)', () => it.skip('plays what helm 4 plays'));
