import { describe, expect, it } from 'vitest';
import { parseVersion } from '../../src/cilium/facts/versions.ts';
import {
  countsAsStale,
  mayBeStale,
  parseSwitches,
  type RoutingSwitch,
  type StaleQuestion,
  staleMtuFindings,
  staleRule,
  withSwitch,
} from '../../src/cilium/restart/stale-mtu.ts';
import { type SwitchEnd, switchedReport, undoneReport } from '../../src/cilium/switch/switch-report.ts';
import { SwitchWork } from '../../src/cilium/switch/switch-work.ts';

/** 12:00 and so many minutes. */
const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 22, 12) + minutes * 60_000).toISOString();

/** To native routing from 12:10 to 12:12. */
const toNative: RoutingSwitch = { run: 'run-aaaaaa', at: at(10), until: at(12), from: 'tunnel', to: 'native' };
/** And back from 12:30 to 12:32. */
const toTunnel: RoutingSwitch = { run: 'run-bbbbbb', at: at(30), until: at(32), from: 'native', to: 'tunnel' };
const tried: RoutingSwitch = { ...toNative, undone: true };

function rule(over: Partial<StaleQuestion> & { readonly agents?: string } = {}) {
  const version = parseVersion(over.agents ?? '1.16.5');
  return staleRule({ mode: 'native', config: {}, version, switches: [toNative], ...over });
}

describe('whether running pods can have the route MTU of another mode', () => {
  it.each([
    { when: 'agents of 1.16 switched', over: {}, want: { type: 'recorded', bytes: -50 } },
    { when: 'agents of 1.17 switched', over: { agents: '1.17.0-pre.1' }, want: { type: 'none' } },
    { when: 'agents whose version is unknown', over: { agents: 'latest' }, want: { type: 'none' } },
    { when: 'the mode is unknown', over: { mode: undefined }, want: { type: 'none' } },
    {
      when: 'it is back on the tunnel',
      over: { mode: 'tunnel', switches: [toNative, toTunnel] },
      want: { type: 'recorded', bytes: 50 },
    },
    { when: 'nobody wrote a switch down', over: { switches: [] }, want: { type: 'unrecorded' } },
    { when: 'somebody changed the mode since', over: { mode: 'tunnel' }, want: { type: 'unrecorded', bytes: 50 } },
    {
      when: 'the last switch ended unknown',
      over: { switches: [{ run: 'run-aaaaaa', at: at(10), from: 'tunnel', to: 'native' }] },
      want: { type: 'unrecorded' },
    },
    {
      when: 'an egress gateway keeps the MTU of the tunnel (from 1.15)',
      over: { config: { 'enable-ipv4-egress-gateway': 'true' } },
      want: { type: 'none' },
    },
    {
      when: 'an egress gateway, before 1.15',
      over: { config: { 'enable-ipv4-egress-gateway': 'true' }, agents: '1.14.9' },
      want: { type: 'recorded' },
    },
  ] as const)('$when', ({ over, want }) => {
    expect(rule(over)).toMatchObject(want);
  });
});

describe('a running pod', () => {
  const once = rule();
  const there = rule({ mode: 'tunnel', switches: [toNative, toTunnel] });
  const again: RoutingSwitch = { ...toNative, run: 'run-cccccc', at: at(50), until: at(52) };
  const thrice = rule({ switches: [toNative, toTunnel, again] });
  const undone = rule({ mode: 'tunnel', switches: [tried] });
  const lost = rule({ switches: [{ run: 'run-dddddd', at: at(1), from: 'tunnel', to: 'native' }, toNative] });

  it.each([
    { when: 'from before the switch', rule: once, started: at(5), agent: at(11), want: true },
    { when: 'from before its agent switched', rule: once, started: at(10.5), agent: at(11), want: true },
    { when: 'from after its agent switched', rule: once, started: at(11), agent: at(11), want: false },
    { when: 'from after the switch', rule: once, started: at(20), agent: at(11), want: false },
    {
      when: 'from during the switch, of an agent that restarted since',
      rule: once,
      started: at(11),
      agent: at(40),
      want: true,
    },
    {
      when: 'from after the switch, of an agent that restarted since',
      rule: once,
      started: at(20),
      agent: at(40),
      want: false,
    },
    { when: 'from before the first, when it is back', rule: there, started: at(5), agent: at(31), want: false },
    { when: 'from between the two, when it is back', rule: there, started: at(20), agent: at(31), want: true },
    { when: 'from after the second', rule: there, started: at(33), agent: at(31), want: false },
    { when: 'from before the first of three', rule: thrice, started: at(5), agent: at(51), want: true },
    {
      when: 'from between the first and the second of three',
      rule: thrice,
      started: at(20),
      agent: at(51),
      want: false,
    },
    { when: 'from between the second and the third', rule: thrice, started: at(40), agent: at(51), want: true },
    { when: 'from before a switch that was undone', rule: undone, started: at(5), agent: at(11), want: false },
    { when: 'from during a switch that was undone', rule: undone, started: at(10.5), agent: at(11), want: true },
    { when: 'from after its agent went back', rule: undone, started: at(11.5), agent: at(11), want: false },
    { when: 'from between an end that is unknown and the next', rule: lost, started: at(5), agent: at(11), want: true },
    { when: 'whose start is unknown', rule: once, started: undefined, agent: at(11), want: false },
    {
      when: 'older than its agent, where nothing is written down',
      rule: rule({ switches: [] }),
      started: at(5),
      agent: at(6),
      want: true,
    },
    {
      when: 'younger than its agent, where nothing is written down',
      rule: rule({ switches: [] }),
      started: at(7),
      agent: at(6),
      want: false,
    },
    {
      when: 'where nothing is written down and its agent is unknown',
      rule: rule({ switches: [] }),
      started: at(7),
      agent: undefined,
      want: false,
    },
  ])('$when: $want', ({ rule: by, started, agent, want }) => {
    expect(mayBeStale(by, started, agent)).toBe(want);
  });
});

describe('counting by creation alone', () => {
  const once = rule();
  const undone = rule({ mode: 'tunnel', switches: [tried] });

  it.each([
    { when: 'from before the switch', rule: once, created: at(5), want: true },
    { when: 'from during the switch: perhaps', rule: once, created: at(11), want: false },
    { when: 'from after it', rule: once, created: at(13), want: false },
    { when: 'from before one that was undone', rule: undone, created: at(5), want: false },
    {
      when: 'from during one that was undone: perhaps, and nobody else can',
      rule: undone,
      created: at(11),
      want: true,
    },
    { when: 'from after one that was undone', rule: undone, created: at(13), want: false },
    { when: 'where no switch is written down', rule: rule({ switches: [] }), created: at(5), want: false },
    { when: 'whose creation is unknown', rule: once, created: undefined, want: false },
  ])('counts a pod $when: $want', ({ rule: by, created, want }) => {
    expect(countsAsStale(by, created)).toBe(want);
  });

  it.each([
    { when: 'native by now', bytes: -50, want: /50 bytes below that of new pods: traffic flows/ },
    { when: 'back in the tunnel', bytes: 50, want: /50 bytes above that of new pods: .* fragmented or lost/ },
  ])('says what it costs, $when, with the button', ({ bytes, want }) => {
    const [finding] = staleMtuFindings({ pods: 1_200, mode: 'native', bytes }, 'prod');

    expect(finding?.text).toMatch(want);
    expect(finding?.text).toMatch(/^1,200 running pods keep/);
    expect(finding?.next?.command).toBe('restart unmanaged prod --stale-mtu');
  });
});

describe('the end of a switch on old agents', () => {
  const work = SwitchWork.parse({
    schemaVersion: 1,
    from: { mode: 'tunnel', protocol: 'vxlan' },
    to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
    release: { namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.16.5' },
    agents: { namespace: 'kube-system', daemonSet: 'cilium' },
    upgrades: true,
    set: { routingMode: 'native' },
    old: { routingMode: 'tunnel' },
    atOnce: 2,
    rollsByItself: false,
    estimateS: { min: 12, max: 30 },
  });
  const end: SwitchEnd = {
    ...{ cluster: 'prod', run: 'run-aaaaaa', work, asOf: at(12), tookMs: 72_000, revision: 28 },
    ...{ checks: [], losses: [], staleMtu: { pods: 6, mode: 'native', bytes: -50 } },
  };

  it.each([
    { when: 'as wanted, and stays a success', report: switchedReport(end), mark: 'ok' },
    { when: 'undone', report: undoneReport(end), mark: 'fail' },
  ])('counts the pods and has the button, when it ended $when', ({ report, mark }) => {
    expect(report.mark).toBe(mark);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ next: expect.objectContaining({ command: 'restart unmanaged prod --stale-mtu' }) }),
    );
  });

  it('says nothing where there are none', () => {
    const { staleMtu: _, ...none } = end;

    expect(switchedReport(none).findings).toEqual([]);
  });
});

describe('the record of switches', () => {
  it('holds each run once, with its newest state, and the last twenty', () => {
    const many = Array.from({ length: 25 }, (_, index): RoutingSwitch => ({ ...toNative, run: `run-${index}` }));
    const known = many.reduce<readonly RoutingSwitch[]>(withSwitch, []);

    const { until: _, ...begun } = toTunnel;
    const after = withSwitch(withSwitch(known, begun), toTunnel);

    expect(after).toHaveLength(20);
    expect(after.filter(({ run }) => run === toTunnel.run)).toEqual([toTunnel]);
  });

  it.each([undefined, '', 'not JSON', '{}', '[{"run":1}]'])('is empty when there is %j', (text) => {
    expect(parseSwitches(text)).toEqual([]);
  });

  it('comes back as it was written', () => {
    expect(parseSwitches(JSON.stringify([toNative, tried]))).toEqual([toNative, tried]);
  });
});
