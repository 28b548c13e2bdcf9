import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import type { HelmPort } from '../../src/core/ports/change-ports.ts';
import { unpackRelease } from '../../src/core/release-secret.ts';
import { CONFIG_MAPS, SECRETS } from '../../src/core/resources.ts';
import { configMapData, diffManifests } from '../../src/core/run/manifest.ts';
import { createHelm, type HelmLimits } from '../../src/helm/create-helm.ts';
import { EVERY } from '../support/every.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type OpenRehearsal, openRehearsalCluster, systemClock } from '../support/rehearsal-cluster.ts';
import { HELMS } from './real-helms.ts';

/** The real helm on the rehearsal cluster, whose release record was made by a real helm on a real cluster. */

const SIGNAL = new AbortController().signal;
const REF = { namespace: 'kube-system', name: 'cilium' };
const NATIVE = {
  routingMode: 'native',
  autoDirectNodeRoutes: true,
  ipv4NativeRoutingCIDR: '10.0.0.0/16',
  tunnel: null,
};
const BACK = { routingMode: null, autoDirectNodeRoutes: null, ipv4NativeRoutingCIDR: null, tunnel: null };
const LONG = 120_000;

const Record = z.looseObject({ version: z.number(), info: z.looseObject({ status: z.string() }) });

for (const { name, path } of HELMS) {
  if (name !== 'helm' && !EVERY) {
    // Seen in the last lines of a run: what was not played here, and what it needs.
    describe.skip(`${name} on the rehearsal cluster (with CI=1)`, () => it('', () => undefined));
    continue;
  }
  if (path === undefined) {
    // Seen in the last lines of a run: what was not played here, and what it needs.
    describe.skip(`${name} on the rehearsal cluster: it is not here`, () => it('', () => undefined));
    continue;
  }
  describe(`${name} on the rehearsal cluster`, () => {
    let cluster: OpenRehearsal;

    beforeEach(async () => {
      cluster = await openRehearsalCluster();
    });
    afterEach(() => cluster.close());

    const helmOf = (
      more: { readonly clock?: Clock; readonly limits?: Partial<HelmLimits>; readonly helmBin?: string } = {},
    ): HelmPort =>
      createHelm({
        cluster: cluster.port,
        kubeconfig: cluster.kubeconfig,
        clock: systemClock,
        env: process.env,
        helmBin: path,
        ...more,
      });

    const config = async () => {
      const map = await cluster.port.get(CONFIG_MAPS, { ...REF, name: 'cilium-config' }, SIGNAL);
      return z.object({ data: z.record(z.string(), z.string()) }).parse(map).data;
    };

    const revisions = async () => {
      const query = { namespace: REF.namespace, labelSelector: 'owner=helm', as: 'metadata' } as const;
      let count = 0;
      for await (const page of cluster.port.list(SECRETS, query, SIGNAL)) count += page.length;
      return count;
    };

    /** A revision as a helm leaves it that was killed half-way. */
    async function leavePending(): Promise<void> {
      const first = await cluster.port.get(SECRETS, { ...REF, name: 'sh.helm.release.v1.cilium.v1' }, SIGNAL);
      const unpacked = unpackRelease(first, Record);
      if (!unpacked.ok) throw new Error(unpacked.why);
      const { release } = unpacked;
      const pending = { ...release, version: 2, info: { ...release.info, status: 'pending-upgrade' } };
      const packed = Buffer.from(gzipSync(JSON.stringify(pending)).toString('base64')).toString('base64');
      const labels = { name: 'cilium', owner: 'helm', status: 'pending-upgrade', version: '2' };
      const metadata = { ...REF, name: 'sh.helm.release.v1.cilium.v2', labels };
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'helm.sh/release.v1',
        metadata,
        data: { release: packed },
      };
      await cluster.write.create(SECRETS, secret, SIGNAL);
    }

    it('tries without changing anything, changes three keys, and goes back', { timeout: LONG }, async () => {
      const helm = helmOf();
      const before = await config();
      const first = await helm.release(REF, SIGNAL);

      const { manifest } = await helm.dryRun({ ...REF, set: NATIVE }, SIGNAL);
      expect(await config()).toEqual(before);
      const { revision } = await helm.upgrade({ ...REF, set: NATIVE, description: 'run-aaaaaa\nby dana' }, SIGNAL);
      const native = await config();
      const second = await helm.release(REF, SIGNAL);
      await helm.upgrade({ ...REF, set: BACK, description: 'run-aaaaaa: back' }, SIGNAL);

      const deployed = await helm.manifest(REF, SIGNAL);
      expect(manifest).not.toMatch(/kind: Secret/);
      expect(configMapData(manifest, 'cilium-config')).toEqual(native);
      expect(diffManifests(deployed, manifest)).toContain('+  ipv4-native-routing-cidr: 10.0.0.0/16');
      expect(native).toEqual({
        ...before,
        'routing-mode': 'native',
        'auto-direct-node-routes': 'true',
        'ipv4-native-routing-cidr': '10.0.0.0/16',
      });
      expect([revision, second.description, second.chartDigest]).toEqual([2, 'run-aaaaaa by dana', first.chartDigest]);
      const { tunnel: _, ...set } = NATIVE;
      expect(second.config).toEqual({ ...first.config, ...set });
      expect((await helm.release(REF, SIGNAL)).config).toEqual(first.config);
      expect(await config()).toEqual(before);
      expect(await helm.history(REF, SIGNAL)).toEqual([
        { revision: 1, status: 'superseded', description: 'Install complete' },
        { revision: 2, status: 'superseded', description: 'run-aaaaaa by dana' },
        { revision: 3, status: 'deployed', description: 'run-aaaaaa: back' },
      ]);
      expect((await helm.release({ ...REF, revision: 2 }, SIGNAL)).config).toEqual(second.config);
    });

    it('says what the chart refuses, and changes nothing', { timeout: LONG }, async () => {
      const helm = helmOf();

      const refused = helm.dryRun({ ...REF, set: { tunnel: 'disabled' } }, SIGNAL);

      await expect(refused).rejects.toMatchObject({
        code: 'Rejected',
        message: expect.stringContaining('tunnel was deprecated in v1.14'),
      });
      expect(await helm.history(REF, SIGNAL)).toHaveLength(1);
    });

    it('settles a release that was left pending', { timeout: LONG }, async () => {
      const helm = helmOf({ limits: { settleAfterMs: 0 } });
      await leavePending();

      const refused = helm.upgrade({ ...REF, set: NATIVE, description: 'x' }, SIGNAL);
      await expect(refused).rejects.toMatchObject({
        code: 'Conflict',
        message: expect.stringContaining('revision 2 of cilium on prod is pending-upgrade'),
      });
      const settled = await helm.settlePending({ ...REF, description: 'x' }, SIGNAL);

      expect(settled).toEqual({ revision: 3 });
      expect((await helm.release(REF, SIGNAL)).status).toBe('deployed');
      expect(await helm.settlePending({ ...REF, description: 'x' }, SIGNAL)).toEqual({ revision: 3 });
    });

    it('can be stopped half-way and go on from there', { timeout: LONG }, async () => {
      const helm = helmOf({ limits: { settleAfterMs: 0 } });
      const stop = new AbortController();
      const running = helm.upgrade({ ...REF, set: NATIVE, description: 'first' }, stop.signal);
      running.catch(() => undefined);
      const giveUpAt = Date.now() + 60_000;
      while ((await revisions()) < 2) {
        if (Date.now() > giveUpAt) throw new Error('helm never recorded its revision');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }

      stop.abort(new Error('cancelled'));
      await expect(running).rejects.toThrow('cancelled');
      await helm.settlePending({ ...REF, description: 'x' }, SIGNAL);
      await helm.upgrade({ ...REF, set: NATIVE, description: 'second' }, SIGNAL);

      expect(await helm.release(REF, SIGNAL)).toMatchObject({ status: 'deployed', description: 'second' });
      expect((await config())['routing-mode']).toBe('native');
    });

    it('leaves no files behind', { timeout: LONG }, async () => {
      const mine = () => readdirSync(tmpdir()).filter((file) => file.startsWith('cilium-chatops-helm-'));
      const before = new Set(mine());

      await helmOf().dryRun({ ...REF, set: NATIVE }, SIGNAL);

      // Others may be at work at the same time: theirs go, too.
      const giveUpAt = Date.now() + 60_000;
      while (mine().some((file) => !before.has(file))) {
        if (Date.now() > giveUpAt) throw new Error('a folder was left');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });

    it('gives a helm that may still be at work the time to end', async () => {
      const clock = createFakeClock(new Date().toISOString());
      const helm = helmOf({ clock, helmBin: '/nowhere/helm' });
      await leavePending();

      const settling = helm.settlePending({ ...REF, description: 'x' }, SIGNAL);
      await clock.slept(1);
      const secret = { ...REF, name: 'sh.helm.release.v1.cilium.v2' };
      await cluster.write.mergePatch(SECRETS, secret, { metadata: { labels: { status: 'deployed' } } }, SIGNAL);
      clock.advance(2_000);

      expect(await settling).toEqual({ revision: 2 });
    });
  });
}

describe('a release', () => {
  let cluster: OpenRehearsal;
  afterEach(() => cluster.close());

  const helmAs = async (context: string): Promise<HelmPort> => {
    cluster = await openRehearsalCluster({ context });
    const { port, kubeconfig } = cluster;
    return createHelm({ cluster: port, kubeconfig, clock: systemClock, env: {} });
  };

  it.each([
    { situation: 'that is not there', ref: { ...REF, name: 'cillium' }, want: ['NotFound', 'no Helm release cillium'] },
    { situation: 'revision that is gone', ref: { ...REF, revision: 7 }, want: ['NotFound', 'no revision 7'] },
    { situation: 'that may not be read', as: 'nobody', ref: REF, want: ['Forbidden', 'nobody may not list secrets'] },
    { situation: 'named like a selector', ref: { ...REF, name: 'a,owner=b' }, want: ['InvalidArgs', 'a,owner=b'] },
    { situation: 'named like an option', ref: { ...REF, name: '--debug' }, want: ['InvalidArgs', '--debug'] },
    { situation: 'in no namespace', ref: { ...REF, namespace: '../x' }, want: ['InvalidArgs', '../x'] },
  ])('$situation is reported', async ({ as = 'admin', ref, want }) => {
    const helm = await helmAs(as);

    await expect(helm.release(ref, SIGNAL)).rejects.toMatchObject({
      code: want[0],
      message: expect.stringContaining(want[1] ?? ''),
    });
  });

  it('cannot be upgraded without helm', async () => {
    const helm = await helmAs('admin');

    await expect(helm.dryRun({ ...REF, set: NATIVE }, SIGNAL)).rejects.toMatchObject({ code: 'BadConfig' });
  });
});
