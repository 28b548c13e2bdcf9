import { atOnceOf, type Roll, rollOf } from '../../src/cilium/facts/disruption.ts';
import { clip, count, listed } from '../../src/cilium/facts/text.ts';
import type { PreflightFacts, Wanted } from '../../src/cilium/preflight/facts.ts';
import { preflightOf } from '../../src/cilium/preflight/preflight.ts';
import { type Acceptance, decideNative, type NativeDecision } from '../../src/cilium/switch/decide-native.ts';
import { assertConfigMap, keptValues, setBack } from '../../src/cilium/switch/helm-values.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { explicitTunnel } from '../../src/cilium/switch/way-back.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { PlanContext, Planned, Planning } from '../../src/core/job.ts';
import type { HelmRelease, HelmValues } from '../../src/core/ports/change-ports.ts';
import type { Check } from '../../src/core/run/check.ts';
import { configMapData } from '../../src/core/run/manifest.ts';
import { readPreflightFacts } from '../reading/preflight-facts.ts';
import { withProgress } from '../reading/with-progress.ts';
import { withinBudget } from '../reading/within-budget.ts';
import { benchPair } from './bench-step.ts';
import { NO_RIGHT } from './probe-step.ts';
import { CONFIG_MAP, render, toPlanned, toRelease } from './render-plan.ts';

const READING_BUDGET_MS = 2 * MINUTE_MS;

export type NativeRequest = {
  readonly wanted: Wanted;
  readonly acceptance: Acceptance;
  /** Measure throughput before and after. */
  readonly bench?: boolean;
};

/** Reads only: facts, checks, values, what helm would render, and what that means. */
export async function* planNative(
  { wanted, acceptance, bench = false }: NativeRequest,
  context: PlanContext,
): Planning {
  const facts = yield* withProgress((tell) =>
    withinBudget(context, READING_BUDGET_MS, (signal) => readPreflightFacts({ context, wanted, signal, tell })),
  );
  const preflight = preflightOf(facts);
  const checks = [...preflight.checks, probeRights(context)];
  const decision = decideNative(facts, { ...preflight, checks }, acceptance);
  if (decision.type === 'refused') return decision;
  const pair = bench ? await benchPair(context) : undefined;
  if (pair?.type === 'refused') return pair;
  yield { type: 'step-started', step: 'render', title: 'Render the change with Helm' };
  const planned = await planSwitch(facts, { ...decision, bench: pair?.pair }, context);
  yield { type: 'step-ended', step: 'render', result: planned.type === 'plan' ? 'ok' : 'failed' };
  return planned;
}

/** Without probes nothing proves traffic itself: whoever goes on without them says so, with a reason. */
function probeRights({ probes }: PlanContext): Check {
  const isAble = probes !== undefined;
  return {
    id: 'probe-pods',
    title: 'Traffic can be probed while the agents restart',
    verdict: isAble ? 'pass' : 'unknown',
    evidence: isAble ? `pods in ${probes.namespace}, between the nodes` : NO_RIGHT,
    why: 'agents, routes and health can all look fine while traffic between nodes is dead',
    fix: isAble ? '' : 'give the worker the right to make pods in its probe namespace',
  };
}

type Decided = NativeDecision & { readonly bench: SwitchWork['bench'] };

async function planSwitch(facts: PreflightFacts, decision: Decided, context: PlanContext): Promise<Planned> {
  const { installation, to, checks } = decision;
  const ref = installation.release ?? { namespace: installation.namespace, name: 'cilium' };
  const release = await context.helm.release({ namespace: ref.namespace, name: ref.name }, context.signal);
  const deployed = configMapData(await context.helm.manifest(ref, context.signal), CONFIG_MAP);
  const upgrades = deployed === undefined || !saysNative(deployed, decision, release);
  const roll = rollFor(facts, wantedAgents(decision, upgrades));
  if (roll === undefined)
    return { type: 'refused', reason: `"${facts.wanted.maxUnavailable}" is not a number of agents, nor a percentage` };
  const work: SwitchWork = {
    schemaVersion: 1,
    from: decision.from,
    to,
    release: toRelease(release),
    agents: { namespace: installation.namespace, daemonSet: installation.daemonSet },
    upgrades,
    set: upgrades ? decision.values : {},
    old: upgrades ? keptValues(release.config, Object.keys(decision.values)) : backTo(decision, release),
    atOnce: roll.atOnce,
    rollsByItself: upgrades && (facts.rollout?.rollsOnConfigChange ?? false),
    estimateS: roll.mixedS,
    bench: decision.bench,
  };
  const rendered = upgrades
    ? await render({ context, work, deployed })
    : ({ type: 'rendered', after: decision.config, diff: '' } as const);
  if (rendered.type === 'refused') return rendered;
  const refused = upgrades
    ? refusedRender({ deployed, live: decision.config, after: rendered.after, work })
    : undefined;
  if (refused !== undefined) return refused;
  return toPlanned({ context, facts, work, roll, release, before: decision.config, rendered, checks });
}

/** Helm has it already: then the agents alone are left to do. */
function saysNative(deployed: Readonly<Record<string, string>>, { to }: NativeDecision, release: HelmRelease): boolean {
  return assertConfigMap(deployed, deployed, { appVersion: release.appVersion, ...to }).length === 0;
}

/** Nothing is known about the values before native routing: then the way back names the tunnel itself. */
function backTo({ from }: NativeDecision, release: HelmRelease): HelmValues {
  return explicitTunnel(release.appVersion, from.mode === 'tunnel' ? from.protocol : 'vxlan');
}

function wantedAgents({ pending, installation }: NativeDecision, upgrades: boolean): number {
  return upgrades ? installation.desired : pending.length;
}

export function rollFor({ wanted, rollout }: PreflightFacts, agents: number): Roll | undefined {
  // The chart's own default, where the DaemonSet could not be read.
  const atOnce = atOnceOf(wanted.maxUnavailable ?? rollout?.maxUnavailable ?? '2', agents);
  return atOnce === undefined ? undefined : rollOf(agents, atOnce);
}

type Config = Readonly<Record<string, string>>;
type Refused = Extract<Planned, { type: 'refused' }>;

type Upgrade = {
  /** cilium-config as the deployed revision has it, as it is in the cluster, and as Helm would make it. */
  readonly deployed: Config | undefined;
  readonly live: Config;
  readonly after: Config;
  readonly work: SwitchWork;
};

function refusedRender({ deployed, live, after, work }: Upgrade): Refused | undefined {
  const { release, to } = work;
  if (to.mode !== 'native') throw new OpsError('Bug', 'a switch to native routing has no other target');
  const wanted = { appVersion: release.appVersion, cidr: to.cidr, routes: to.routes };
  const wrong = deployed === undefined ? [] : assertConfigMap(deployed, after, wanted);
  if (wrong.length > 0)
    return {
      type: 'refused',
      reason: clip(`Helm would not render the change as it is meant: ${wrong.join('; ')}`, 1_000),
      nextStep: 'look for values that contradict it in `helm get values`',
    };
  const byHand = setBack(live, after, release.appVersion);
  return byHand.length === 0 ? undefined : pastHelm(byHand, release);
}

/** Somebody's fix of last month would be undone by an upgrade that says nothing of it. */
function pastHelm(keys: readonly string[], { name, namespace }: SwitchWork['release']): Refused {
  const what = `${count(keys.length, 'setting')} of ${CONFIG_MAP}`;
  return {
    type: 'refused',
    reason: clip(`${what} changed past Helm would be set back by any upgrade: ${listed(keys, 6)}`, 1_000),
    nextStep: `bring them into the values (helm -n ${namespace} get values ${name}), or set them back in the ConfigMap`,
  };
}
