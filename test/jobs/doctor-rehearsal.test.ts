import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../../jobs/doctor.ts';
import { checkOf } from '../../src/core/doctoring.ts';
import type { JobContext } from '../../src/core/job.ts';
import type { Check } from '../../src/core/run/check.ts';
import { Report } from '../../src/core/run/report.ts';
import { helmCheck } from '../../src/roles/self-checks.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

const NAMESPACE = 'cilium-chatops';
/** On every node of the recording. */
const HELD = 'quay.io/cilium/cilium:v1.19.0-pre.4';
const store = {
  title: 'Store',
  checks: [checkOf('store', 'Store', { verdict: 'pass', evidence: 'up', why: 'runs live there' })],
};

describe('doctor on the rehearsal cluster', () => {
  let open: OpenRehearsal;
  beforeAll(async () => {
    open = await openRehearsalCluster({ context: 'chatops' });
  });
  afterEach(() => control('reset', {}));
  afterAll(async () => open.close());

  async function control(path: string, body: object): Promise<void> {
    const answer = await fetch(`${open.rehearsal.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
  }

  async function ask() {
    const { port, signs, write } = open;
    const probes = { write, owner: 'run-aaaaaa', namespace: NAMESPACE, image: HELD, bench: { image: HELD } };
    const context: JobContext = {
      cluster: port,
      clock: systemClock,
      log: silentLog,
      signal: AbortSignal.timeout(60_000),
      probes,
      selfChecks: { groups: async () => [store], connection: signs, permits: () => true },
    };
    const { outcome, data } = await finish(doctor.run({}, context));
    const { groups } = data as { groups: readonly { readonly title: string; readonly checks: readonly Check[] }[] };
    const checks = groups.flatMap((group) => group.checks);
    return {
      report: Report.parse('report' in outcome ? outcome.report : undefined),
      checks,
      notPassed: checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`),
      of: (id: string) => checks.find((check) => check.id === id),
    };
  }

  it('finds everything as it should be, and says as whom it asks', async () => {
    const { report, notPassed, checks, of } = await ask();

    expect(notPassed).toEqual([]);
    expect(report).toMatchObject({ mark: 'ok', headline: `Doctor on prod: all ${checks.length} checks passed` });
    expect(report.sections.map(({ title }) => title.split(':')[0])).toEqual(['Store', 'Cluster prod']);
    expect(of('api-credentials')?.evidence).toContain('system:serviceaccount:cilium-chatops:worker');
    expect(of('cilium-found')?.evidence).toContain('1.19.0-pre.4 in kube-system, 3/3 agents ready');
    expect(of('cilium-way-back')?.evidence).toContain('made no switch here');
  });

  it.each([
    {
      id: 'access',
      value: 'no-exec',
      want: ['rights-status warn', 'rights-verify fail', 'rights-iperf fail'],
      about: 'rights-verify',
      fix: 'kubectl auth can-i get pods --subresource=exec -n kube-system --as system:serviceaccount:cilium-chatops:worker; Role in kube-system: {apiGroups: [""], verbs: [get, create], resources: [pods/exec]}',
    },
    {
      id: 'access',
      value: 'no-secrets',
      want: ['cilium-release warn', 'rights-doctor warn', 'rights-enable-native-routing fail'],
      about: 'cilium-release',
      fix: '{apiGroups: [""], resources: [secrets], verbs: [get, list]}',
    },
    { id: 'access', value: 'none', want: ['cilium-found fail', 'rights-status fail'], about: 'cilium-found', fix: '' },
    { id: 'cilium', value: 'absent', want: ['cilium-found fail'], about: 'cilium-found', fix: 'install Cilium' },
    { id: 'api', value: 'unreachable', want: ['api-reached fail'], about: 'api-reached', fix: '' },
  ])('$id $value: says what is missing, and the line that mends it', async ({ id, value, want, about, fix }) => {
    await control('faults', { id, value });

    const { notPassed, of, report } = await ask();

    expect(notPassed).toEqual(expect.arrayContaining(want));
    expect(of(about)?.fix).toContain(fix);
    expect(report.mark).toBe('fail');
    expect(of('store')?.verdict).toBe('pass');
  });
});

describe('the helm of a worker', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function helmThatSays(version: string): Promise<string> {
    const path = join(folder, `helm-${version}`);
    await writeFile(path, `#!/bin/sh\necho '${version}'\n`);
    await chmod(path, 0o755);
    return path;
  }

  it.each([
    { version: 'v3.17.2', changes: true, want: { verdict: 'pass', evidence: expect.stringContaining('v3.17.2 at ') } },
    {
      version: 'v3.13.3',
      changes: true,
      want: { verdict: 'fail', fix: 'install Helm 3.14 or newer, or set HELM_BIN' },
    },
    { version: 'v3.13.3', changes: false, want: { verdict: 'warn' } },
    { version: 'nonsense', changes: true, want: { verdict: 'fail', fix: 'set HELM_BIN to the helm binary' } },
  ])('$version, changes allowed: $changes', async ({ version, changes, want }) => {
    const helmEnv = { PATH: process.env['PATH'] };

    expect(await helmCheck({ HELM_BIN: await helmThatSays(version), helmEnv }, changes)).toMatchObject(want);
  });

  it('none at all', async () => {
    const check = await helmCheck({ helmEnv: { PATH: folder } }, true);

    expect(check).toMatchObject({ verdict: 'fail', fix: 'install Helm 3.14 or newer there, or set HELM_BIN' });
  });
});
