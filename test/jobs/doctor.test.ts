import { describe, expect, it } from 'vitest';
import { ciliumChecks, imagesCheck, probeNamespaceCheck } from '../../jobs/doctoring/cluster-checks.ts';
import { connectionChecks } from '../../jobs/doctoring/connection-checks.ts';
import { doctorReport } from '../../jobs/doctoring/doctor-report.ts';
import { rightsChecks } from '../../jobs/doctoring/rights-checks.ts';
import type { Reading } from '../../jobs/reading/reading.ts';
import { KEPT_STATE } from '../../src/cilium/switch/way-back.ts';
import { DAY_MS } from '../../src/core/clock.ts';
import { type CheckGroup, type ConnectionSigns, checkOf } from '../../src/core/doctoring.ts';
import type { AccessQuestion } from '../../src/core/ports/ports.ts';
import { CONFIG_MAPS, DAEMON_SETS, NAMESPACES, SECRETS } from '../../src/core/resources.ts';
import { Report } from '../../src/core/run/report.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';

const NOW = new Date('2026-11-23T15:20:00Z');
const signal = AbortSignal.timeout(60_000);

describe('what is told of the way to the API server', () => {
  const well: ConnectionSigns = {
    server: 'k8s:6443',
    credentials: 'service account of the pod',
    roundTripsMs: [3, 4, 5],
  };
  const later = (ms: number) => new Date(NOW.getTime() + ms);

  it.each([
    { when: 'all is well', signs: {}, want: [] },
    { when: 'it answers slowly', signs: { roundTripsMs: [600, 700, 800] }, want: ['api-reached warn'] },
    {
      when: 'clocks are ten seconds apart',
      signs: { clock: { ours: NOW, theirs: later(10_000) } },
      want: ['api-clock warn'],
    },
    {
      when: 'clocks are two minutes apart',
      signs: { clock: { ours: NOW, theirs: later(-120_000) } },
      want: ['api-clock fail'],
    },
    {
      when: 'clocks are a second apart, which the header cannot tell',
      signs: { clock: { ours: NOW, theirs: later(-1_900) } },
      want: [],
    },
    { when: 'the certificate ends next month', signs: { certificateEnds: later(30 * DAY_MS) }, want: [] },
    {
      when: 'the certificate ends this week',
      signs: { certificateEnds: later(5 * DAY_MS) },
      want: ['api-credentials warn'],
    },
    { when: 'the certificate has ended', signs: { certificateEnds: later(-DAY_MS) }, want: ['api-credentials fail'] },
  ])('$when', ({ signs, want }) => {
    const checks = connectionChecks({ ...well, ...signs }, 'v1.36.2', NOW);

    expect(checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(
      want,
    );
  });
});

describe('rights', () => {
  const places = { cilium: 'kube-system', probes: 'probes' };
  const judged = (allowed: (question: AccessQuestion) => boolean, permits: (job: string) => boolean = () => true) =>
    rightsChecks({ cluster: fakeCluster({ allowed }), places, user: 'worker', permits, signal });

  it('one that several jobs lack alike is told once, with the rule to add', async () => {
    const checks = await judged(
      ({ verb, resource, namespace }) => !(verb === 'delete' && resource === SECRETS && namespace === 'kube-system'),
    );

    const open = checks.filter(({ verdict }) => verdict !== 'pass');
    expect(open).toMatchObject([
      {
        id: 'rights-enable-native-routing',
        title: 'Rights of enable native routing, rollback',
        verdict: 'fail',
        evidence: 'missing: delete secrets in kube-system',
        fix: 'kubectl auth can-i delete secrets -n kube-system --as worker; Role in kube-system: {apiGroups: [""], verbs: [delete], resources: [secrets]}',
      },
    ]);
  });

  it('one for a single object is asked about by its name', async () => {
    const checks = await judged(
      ({ resource, verb, name }) => !(resource === CONFIG_MAPS && verb === 'patch' && name === KEPT_STATE),
    );

    expect(checks.find(({ verdict }) => verdict === 'fail')?.fix).toContain(`resourceNames: [${KEPT_STATE}]`);
  });

  it('of commands that no rule allows are not missed; those of reading are', async () => {
    const checks = await judged(
      () => false,
      (job) => job === 'status',
    );

    expect(checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['rights-status']);
    expect(checks.find(({ id }) => id === 'rights-iperf')?.evidence).toContain('no rule allows iperf here');
  });
});

describe('around the probe pods', () => {
  const namespace = (labels: Readonly<Record<string, string>>) => ({ metadata: { name: 'probes', labels } });
  const enforce = 'pod-security.kubernetes.io/enforce';

  it.each([
    { when: 'nothing is enforced', objects: [namespace({})], want: { verdict: 'pass' } },
    { when: 'everything is allowed', objects: [namespace({ [enforce]: 'privileged' })], want: { verdict: 'pass' } },
    {
      when: 'the host network is refused',
      objects: [namespace({ [enforce]: 'baseline' })],
      want: { verdict: 'warn', fix: `kubectl label namespace probes ${enforce}=privileged --overwrite` },
    },
    {
      when: 'there is no such namespace',
      objects: [],
      want: { verdict: 'warn', fix: expect.stringContaining('kubectl create namespace probes') },
    },
  ])('$when', async ({ objects, want }) => {
    const cluster = fakeCluster({ objects: [[NAMESPACES, objects]] });

    expect(await probeNamespaceCheck({ cluster, signal, cancel: signal }, 'probes')).toMatchObject(want);
  });

  it('a namespace that may not be read is unknown', async () => {
    const cluster = fakeCluster({ objects: [[NAMESPACES, []]], allowed: () => false });

    const check = await probeNamespaceCheck({ cluster, signal, cancel: signal }, 'probes');

    expect(check).toMatchObject({ verdict: 'unknown', fix: expect.stringContaining('kubectl get namespace probes') });
  });

  it.each([
    { names: ['docker.io/nicolaka/netshoot:v0.13'], want: 'pass' },
    // As containerd writes what was asked for without a registry.
    { names: ['nicolaka/netshoot:v0.13'], want: 'pass' },
    { names: ['docker.io/nicolaka/netshoot:v0.12'], want: 'unknown' },
    { names: [], want: 'unknown' },
  ])('an image where nodes hold $names', ({ names, want }) => {
    expect(imagesCheck([names, []], ['docker.io/nicolaka/netshoot:v0.13']).verdict).toBe(want);
  });
});

describe('Cilium', () => {
  const agents = (image: string) => ({
    metadata: { name: 'cilium', namespace: 'kube-system', labels: { 'k8s-app': 'cilium' } },
    spec: { template: { spec: { containers: [{ name: 'cilium-agent', image }] } } },
    status: { numberReady: 3, desiredNumberScheduled: 3 },
  });
  const kept = (data: Readonly<Record<string, string>>) => ({
    metadata: { name: KEPT_STATE, namespace: 'kube-system' },
    data,
  });

  async function judged(image: string, configMaps: readonly unknown[] = []) {
    const cluster = fakeCluster({
      objects: [
        [DAEMON_SETS, [agents(image)]],
        [CONFIG_MAPS, configMaps],
      ],
    });
    const reading: Reading = { cluster, log: silentLog, cancel: signal, signal, now: () => NOW, miss: () => undefined };
    const { checks } = await ciliumChecks(reading);
    return Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]));
  }

  it.each([
    { image: 'quay.io/cilium/cilium:v1.11.20', want: 'warn' },
    { image: 'quay.io/cilium/cilium:v1.12.0', want: 'pass' },
    { image: 'quay.io/cilium/cilium:v1.20.3', want: 'pass' },
    { image: 'quay.io/cilium/cilium:v1.21.0', want: 'warn' },
    { image: 'quay.io/cilium/cilium@sha256:0123', want: 'warn' },
  ])('$image', async ({ image, want }) => {
    expect((await judged(image))['cilium-found']).toBe(want);
  });

  it('the way back: none is well, one that cannot be read is not', async () => {
    const image = 'quay.io/cilium/cilium:v1.19.0';

    expect((await judged(image))['cilium-way-back']).toBe('pass');
    expect((await judged(image, [kept({ state: 'edited by hand' })]))['cilium-way-back']).toBe('warn');
  });
});

describe('the report of doctor', () => {
  const check = (id: string, verdict: 'pass' | 'warn' | 'fail' | 'unknown') =>
    checkOf(id, `Check ${id}`, {
      verdict,
      evidence: 'seen',
      why: 'because',
      fix: verdict === 'pass' ? '' : `mend ${id}`,
    });
  const group = (title: string, checks: CheckGroup['checks']): CheckGroup => ({ title, checks });
  const report = (groups: readonly CheckGroup[]) =>
    doctorReport({ subject: 'prod', groups, next: [], asOf: NOW.toISOString() });

  it.each([
    { verdicts: ['pass', 'pass'], mark: 'ok', headline: 'Doctor on prod: all 2 checks passed' },
    { verdicts: ['pass', 'unknown'], mark: 'warn', headline: 'Doctor on prod: nothing failed · 1 unknown · 1 ok' },
    { verdicts: ['warn', 'fail'], mark: 'fail', headline: 'Doctor on prod: 1 failed · 1 warning' },
  ] as const)('$verdicts', ({ verdicts, mark, headline }) => {
    const checks = verdicts.map((verdict, at) => check(`c${at}`, verdict));

    expect(report([group('Slack', checks)])).toMatchObject({ mark, headline });
  });

  it('says the worst first, each fix once, and how many more there are', () => {
    const warned = Array.from({ length: 12 }, (_, at) => check(`w${at}`, 'warn'));

    const { findings, sections } = report([group('Slack', warned), group('Queue', [check('broken', 'fail')])]);

    expect(findings).toHaveLength(8);
    expect(findings[0]).toEqual({ mark: 'fail', text: 'Queue, Check broken: failed. seen → mend broken' });
    expect(findings[7]?.text).toBe('6 more checks to look at, in the details');
    const lines = sections.flatMap((section) => section.lines);
    expect(lines).toContain('Check broken: because');
    expect(lines).toContain('Check w11: because → mend w11');
  });

  it('stays within what a report may hold, whatever there is to say', () => {
    const long = checkOf('long', 'x'.repeat(300), {
      verdict: 'fail',
      evidence: 'y\n'.repeat(2_000),
      why: 'z'.repeat(2_000),
      fix: 'w'.repeat(2_000),
    });
    const many = Array.from({ length: 40 }, (_, at) =>
      group(
        `Group ${at}`,
        Array.from({ length: 80 }, () => long),
      ),
    );

    expect(Report.safeParse(report(many)).error).toBeUndefined();
  });
});
