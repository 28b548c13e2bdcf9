import { createHash } from 'node:crypto';
import type { HelmRelease } from '../../core/ports/change-ports.ts';
import type { Check } from '../../core/run/check.ts';
import type { Plan } from '../../core/run/plan.ts';
import { type Exposure, exposureWords, leftBehind, mtuWords, type Roll, rollWords } from '../facts/disruption.ts';
import { clip, count, tally } from '../facts/text.ts';
import { changeSettings, costWords } from '../iperf/iperf-settings.ts';
import { type SwitchWork, targetWords } from './switch-work.ts';
import { setFlags, wayBackWords } from './way-back.ts';

type Config = Readonly<Record<string, string>>;

export type SwitchFacts = {
  readonly cluster: string;
  readonly work: SwitchWork;
  readonly roll: Roll;
  readonly release: HelmRelease;
  /** cilium-config as it is in the cluster, and as it would be. */
  readonly before: Config;
  readonly after: Config;
  readonly nodes: readonly string[];
  /** Version of each agent. */
  readonly versions: readonly string[];
  readonly checks: readonly Check[];
  readonly exposure: Exposure;
  readonly deviceMtu: number | undefined;
};

/** The plan of a switch in either direction: pure, so that planning twice in the same world gives the same digest. */
export function toSwitchPlan(facts: SwitchFacts): Plan {
  const { work, roll, exposure, before, after, checks, cluster } = facts;
  return {
    title: clip(titleOf(work), 80),
    effect: effectOf(facts).map((line) => clip(line, 400)),
    changes: changesOf(before, after).slice(0, 30),
    checks,
    wayBack: clip(wayBackWords(work, cluster, roll.agents), 400),
    pinned: pinnedOf(facts),
    ...(work.undoes === undefined ? {} : { undoes: work.undoes }),
    work,
  };

  function effectOf({ deviceMtu }: SwitchFacts): readonly string[] {
    const { from, to, release } = work;
    const mtu = mtuWords({ from: from.mode, to: to.mode, config: after, version: release.appVersion, deviceMtu });
    const left = leftBehind(to.mode, after, release.appVersion);
    return [
      rollWords(roll, work.rollsByItself),
      exposureWords(exposure),
      [mtu, left, benchPlanWords(work)].filter((part) => part !== '').join('. '),
    ];
  }
}

function benchPlanWords({ bench }: SwitchWork): string {
  return bench === undefined ? '' : `Benchmark before and after, each: ${costWords(changeSettings(bench))}`;
}

function titleOf({ to, upgrades, undoes }: SwitchWork): string {
  if (undoes !== undefined) return `go back to ${targetWords(to)} (undo ${undoes})`;
  return upgrades ? `switch to ${targetWords(to)}` : `finish the switch to ${targetWords(to)} (restart agents)`;
}

export function changesOf(before: Config, after: Config): Plan['changes'] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => before[key] !== after[key])
    .sort()
    .map((key) => ({ key: clip(key, 120), from: shown(before[key]), to: shown(after[key]) }));
}

function shown(value: string | undefined): string {
  return value === undefined ? '(none)' : clip(value, 200);
}

/** What must be the same when the change is applied. Never evidence, times or Secrets. */
function pinnedOf({ work, release, before, nodes, versions, checks, roll }: SwitchFacts): Plan['pinned'] {
  return {
    chart: `${release.chartName} ${release.chartVersion} (${release.chartDigest.slice(0, 12)})`,
    'Helm revision': `${release.revision} (${release.status})`,
    'cilium-config': short(JSON.stringify(Object.entries(before).sort(byName))),
    values: work.upgrades ? pinnable(setFlags(work.set)) : 'none',
    nodes: nameAll(nodes),
    'agent versions': tally(versions)
      .map(([version, number]) => `${number} × ${version}`)
      .join(', '),
    'agents at once': String(roll.atOnce),
    checks: verdictsOf(checks),
  };
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Names where they fit, so that a difference says which; otherwise their number and a digest. */
function nameAll(names: readonly string[]): string {
  const sorted = [...names].sort();
  const all = sorted.join(', ');
  return all.length <= 400 ? all : `${count(sorted.length, 'node')} (${short(all)})`;
}

function verdictsOf(checks: readonly Check[]): string {
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const others = checks
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, verdict, accepted }) => `${id} ${verdict}${accepted === undefined ? '' : ' (accepted)'}`);
  return pinnable([`${passed} pass`, ...others].join(', '));
}

/** A difference beyond what is shown is a difference too. */
function pinnable(text: string): string {
  return text.length <= 2_000 ? text : `${clip(text, 1_980)} ${short(text)}`;
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
