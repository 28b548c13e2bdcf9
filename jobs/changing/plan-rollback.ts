import type { Roll } from '../../src/cilium/facts/disruption.ts';
import type { Installation } from '../../src/cilium/facts/status-data.ts';
import { clip } from '../../src/cilium/facts/text.ts';
import type { PreflightFacts } from '../../src/cilium/preflight/facts.ts';
import { preflightOf } from '../../src/cilium/preflight/preflight.ts';
import {
  explicitOrigin,
  keptOrigin,
  type Origin,
  originWords,
  refuseRollback,
  rollbackChecks,
  targetOf,
} from '../../src/cilium/switch/decide-rollback.ts';
import { assertWayBack, keptValues, nativeRoutingValues } from '../../src/cilium/switch/helm-values.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { expectationOf } from '../../src/cilium/verification/verification-facts.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import { RunId } from '../../src/core/ids.ts';
import type { PlanContext, Planned, Planning } from '../../src/core/job.ts';
import type { HelmRelease, HelmValues } from '../../src/core/ports/change-ports.ts';
import { blocks, type Check } from '../../src/core/run/check.ts';
import { configMapData } from '../../src/core/run/manifest.ts';
import { readPreflightFacts } from '../reading/preflight-facts.ts';
import { withProgress } from '../reading/with-progress.ts';
import { withinBudget } from '../reading/within-budget.ts';
import { says } from './converge-helm.ts';
import { readKept } from './kept-state.ts';
import { rollFor } from './plan-native.ts';
import { CONFIG_MAP, render, toPlanned, toRelease } from './render-plan.ts';

const READING_BUDGET_MS = 2 * MINUTE_MS;
/** Helm keeps ten unless told otherwise. */
const REVISIONS = 10;

export type RollbackRequest = { readonly to?: number | undefined; readonly maxUnavailable?: string | undefined };

/** Reads only. Goes by what the last switch kept; by a revision that Helm still has where one is named. */
export async function* planRollback(request: RollbackRequest, context: PlanContext): Planning {
  const facts = yield* withProgress((tell) =>
    withinBudget(context, READING_BUDGET_MS, (signal) =>
      readPreflightFacts({ context, wanted: { maxUnavailable: request.maxUnavailable }, signal, tell }),
    ),
  );
  const { installation } = facts.status;
  if (installation === undefined)
    return { type: 'refused', reason: `Cilium on ${facts.status.cluster} could not be read`, nextStep: 'see status' };
  yield { type: 'step-started', step: 'render', title: 'Render the way back with Helm' };
  const planned = await plan({ request, context, facts, installation });
  yield { type: 'step-ended', step: 'render', result: planned.type === 'plan' ? 'ok' : 'failed' };
  return planned;
}

type Question = {
  readonly request: RollbackRequest;
  readonly context: PlanContext;
  readonly facts: PreflightFacts;
  readonly installation: Installation;
};

async function plan(question: Question): Promise<Planned> {
  const { context, facts, installation } = question;
  const { namespace, name } = installation.release ?? { namespace: installation.namespace, name: 'cilium' };
  const release = await context.helm.release({ namespace, name }, context.signal);
  const kept = await readKept(context, namespace);
  const origin = await originOf(question, release, keptOrigin(kept));
  const refused = refuseRollback(facts, { installation, origin, isNamed: question.request.to !== undefined });
  if (refused !== undefined) return refused;
  const checks = [originCheck(origin), ...rollbackChecks(preflightOf(facts).checks)];
  const blocking = checks.filter(blocks);
  const [first] = blocking;
  if (first !== undefined)
    return { type: 'refused', reason: clip(`${first.title}: no. ${first.evidence}`, 1_000), nextStep: first.fix };
  return planTo(question, { release, origin, checks });
}

type Chosen = { readonly release: HelmRelease; readonly origin: Origin; readonly checks: readonly Check[] };

async function planTo(
  { context, facts, installation }: Question,
  { release, origin, checks }: Chosen,
): Promise<Planned> {
  const ref = { namespace: release.namespace, name: release.name };
  const config = facts.config ?? {};
  const deployed = configMapData(await context.helm.manifest(ref, context.signal), CONFIG_MAP) ?? {};
  const roll = rollFor(facts, installation.desired);
  if (roll === undefined) return { type: 'refused', reason: 'that is not a number of agents, nor a percentage' };
  const draft = draftOf({ facts, installation, release, origin, roll });
  const { upgrades } = draft;
  const rendered = upgrades
    ? await render({ context, work: draft, deployed })
    : ({ type: 'rendered', after: deployed, diff: '' } as const);
  if (rendered.type === 'refused') return rendered;
  const to = targetOf(rendered.after);
  if ('type' in to) return to;
  const others = assertWayBack(deployed, rendered.after, { appVersion: release.appVersion, data: rendered.after });
  if (others.length > 0)
    return { type: 'refused', reason: clip(`Helm would change more than the routing: ${others.join('; ')}`, 1_000) };
  return toPlanned({ context, facts, work: { ...draft, to }, roll, release, before: config, rendered, checks });
}

type Drafted = Pick<Question, 'facts' | 'installation'> & Pick<Chosen, 'release' | 'origin'> & { readonly roll: Roll };

/** All but the target, which only the rendered settings tell. */
function draftOf({ facts, installation, release, origin, roll }: Drafted): SwitchWork {
  const upgrades = release.status !== 'deployed' || !says(release, origin.values);
  return {
    schemaVersion: 1,
    from: expectationOf(facts.config ?? {}) ?? { mode: 'tunnel', protocol: 'vxlan' },
    to: { mode: 'tunnel', protocol: 'vxlan' },
    release: toRelease(release),
    agents: { namespace: installation.namespace, daemonSet: installation.daemonSet },
    upgrades,
    set: upgrades ? origin.values : {},
    old: keptValues(release.config, Object.keys(origin.values)),
    atOnce: roll.atOnce,
    rollsByItself: upgrades && (facts.rollout?.rollsOnConfigChange ?? false),
    estimateS: roll.mixedS,
    ...(origin.type === 'kept' ? { undoes: RunId.parse(origin.kept.run) } : {}),
  };
}

async function originOf(
  { request, context, facts }: Question,
  release: HelmRelease,
  kept: Origin | undefined,
): Promise<Origin> {
  if (request.to !== undefined) return fromRevision(context, release, request.to);
  if (kept !== undefined) return kept;
  return (await newestOther(context, release)) ?? explicitOrigin(release.appVersion, facts.config ?? {});
}

/** @throws OpsError NotFound when Helm has pruned it */
async function fromRevision({ helm, signal }: PlanContext, release: HelmRelease, revision: number): Promise<Origin> {
  const { namespace, name } = release;
  const found = await helm.release({ namespace, name, revision }, signal);
  return { type: 'revision', revision, values: keptValues(found.config, routingPaths(release.appVersion)) };
}

/** The values of these paths select the mode, in whatever version. */
function routingPaths(appVersion: string): readonly string[] {
  const chosen = nativeRoutingValues({ appVersion, cidr: '10.0.0.0/8', routes: 'auto' });
  if (chosen.type === 'values') return Object.keys(chosen.values);
  throw new OpsError('Rejected', chosen.why, { nextStep: chosen.nextStep });
}

/** The newest earlier revision whose routing values differ from those of now, as long as Helm has one. */
async function newestOther(context: PlanContext, release: HelmRelease): Promise<Origin | undefined> {
  const { namespace, name } = release;
  const paths = routingPaths(release.appVersion);
  const history = await context.helm.history({ namespace, name }, context.signal);
  const earlier = history.filter(({ revision }) => revision < release.revision).slice(-REVISIONS);
  for (const { revision } of earlier.toReversed()) {
    const { config } = await context.helm.release({ namespace, name, revision }, context.signal);
    const values = keptValues(config, paths);
    if (!says(release, values) && !selectsNative(values)) return { type: 'revision', revision, values };
  }
  return undefined;
}

function selectsNative(values: HelmValues): boolean {
  return values['routingMode'] === 'native' || values['tunnel'] === 'disabled';
}

function originCheck(origin: Origin): Check {
  return {
    id: 'way-back-values',
    title: 'What was there before is known',
    verdict: origin.type === 'explicit' ? 'warn' : 'pass',
    evidence: originWords(origin),
    why: 'going back means the old values of the keys that were changed, not a guess',
    fix: '',
  };
}
