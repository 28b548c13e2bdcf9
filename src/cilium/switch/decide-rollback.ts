import type { HelmValues } from '../../core/ports/change-ports.ts';
import type { Check } from '../../core/run/check.ts';
import { configuredRouting } from '../facts/config-view.ts';
import type { Installation } from '../facts/status-data.ts';
import type { PreflightFacts } from '../preflight/facts.ts';
import { expectationOf } from '../verification/verification-facts.ts';
import type { Refusal } from './decide-native.ts';
import { handoverOf } from './handover.ts';
import type { RoutingTarget } from './switch-work.ts';
import { targetWords } from './switch-work.ts';
import type { KeptState } from './way-back.ts';
import { explicitTunnel, runsAs } from './way-back.ts';

/** Checks of the preflight that also matter on the way back; the others ask whether native routing would work. */
const RELEVANT = ['owner', 'helm-release', 'nodes-ready', 'agents-ready', 'rollout-strategy'];
/** What going back repairs must not keep anybody from going back. */
const MAY_BE_BROKEN = ['nodes-ready', 'agents-ready'];

export function rollbackChecks(checks: readonly Check[]): readonly Check[] {
  return checks
    .filter(({ id }) => RELEVANT.includes(id))
    .map((check) => {
      const isSoft = MAY_BE_BROKEN.includes(check.id) && check.verdict !== 'pass';
      return isSoft ? { ...check, verdict: 'warn' as const } : check;
    });
}

/** Where the values of a rollback come from. */
export type Origin =
  /** What the last switch kept: nothing in Helm's history is needed. */
  | { readonly type: 'kept'; readonly kept: KeptState; readonly values: HelmValues }
  /** A revision that Helm still has, asked for with `--to` or the newest that differs. */
  | { readonly type: 'revision'; readonly revision: number; readonly values: HelmValues }
  /** Neither: the tunnel by name. */
  | { readonly type: 'explicit'; readonly values: HelmValues };

/** The last switch, unless it has been undone already. */
export function keptOrigin(kept: KeptState | undefined): Origin | undefined {
  if (kept === undefined || kept.phase === 'undone' || kept.work.to.mode !== 'native') return undefined;
  return { type: 'kept', kept, values: kept.work.old };
}

export function explicitOrigin(appVersion: string, config: Readonly<Record<string, string>>): Origin {
  const protocol = config['tunnel-protocol'] ?? 'vxlan';
  return { type: 'explicit', values: explicitTunnel(appVersion, protocol === '' ? 'vxlan' : protocol) };
}

export function originWords(origin: Origin): string {
  switch (origin.type) {
    case 'kept':
      return `values that ${origin.kept.run} kept from before it`;
    case 'revision':
      return `values of Helm revision ${origin.revision}`;
    case 'explicit':
      return 'the tunnel by name: nothing is recorded about the values before';
    default:
      throw new Error(`unhandled origin ${JSON.stringify(origin satisfies never)}`);
  }
}

/** Reasons not to plan a rollback at all; undefined when it may be planned. */
export function refuseRollback(
  facts: PreflightFacts,
  {
    installation,
    origin,
    isNamed,
  }: { readonly installation: Installation; readonly origin: Origin; readonly isNamed: boolean },
): Refusal | undefined {
  const handover = handoverOf(installation.owner, origin.values, installation);
  if (handover !== undefined) return { type: 'refused', reason: handover.reason, nextStep: handover.nextStep };
  const { config, status } = facts;
  if (config === undefined)
    return { type: 'refused', reason: 'cilium-config could not be read', nextStep: 'check the rights of the bot' };
  if (configuredRouting(config).mode !== 'tunnel' || isNamed) return undefined;
  const target = expectationOf(config);
  const others = status.agents.filter(
    ({ ready, answer }) =>
      target === undefined || !ready || answer.state !== 'answered' || !runsAs(target, answer.view.datapath),
  );
  if (others.length > 0 || target === undefined) return undefined;
  return {
    type: 'refused',
    reason: `nothing to do: ${status.cluster} runs ${targetWords(target)} on all ${status.agents.length} agents`,
    nextStep: 'another revision can be named with --to',
  };
}

/** What the rendered cilium-config asks for; a rollback leads to a tunnel, anything else is another command. */
export function targetOf(after: Readonly<Record<string, string>>): RoutingTarget | Refusal {
  const target = expectationOf(after);
  if (target?.mode === 'tunnel') return target;
  return {
    type: 'refused',
    reason: 'these values select native routing: going there is a switch of its own, with its own checks',
    nextStep: 'use /cilium enable native-routing',
  };
}
