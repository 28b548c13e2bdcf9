import type { HelmValues } from '../../core/ports/change-ports.ts';
import { accept, blocks, type Check } from '../../core/run/check.ts';
import type { Finding, Report, Section } from '../../core/run/report.ts';
import { configuredRouting } from '../facts/config-view.ts';
import type { AgentState, Installation } from '../facts/status-data.ts';
import { clip, count, listed } from '../facts/text.ts';
import type { PreflightFacts } from '../preflight/facts.ts';
import type { Preflight } from '../preflight/preflight.ts';
import { handoverOf } from './handover.ts';
import { nativeRoutingValues } from './helm-values.ts';
import type { RoutingTarget } from './switch-work.ts';
import { runsAs } from './way-back.ts';

export type Refusal = {
  readonly type: 'refused';
  readonly reason: string;
  readonly nextStep?: string;
  readonly report?: Report;
};

export type NativeDecision = {
  readonly type: 'switch';
  readonly installation: Installation;
  readonly config: Readonly<Record<string, string>>;
  readonly from: RoutingTarget;
  readonly to: Extract<RoutingTarget, { mode: 'native' }>;
  readonly values: HelmValues;
  readonly checks: readonly Check[];
  /** Agents that do not run the wanted mode yet, by node. */
  readonly pending: readonly string[];
};

export type Acceptance = { readonly ids: readonly string[]; readonly reason: string };

/** Whether the switch may be planned, from facts alone; and what to do instead where it may not. */
export function decideNative(
  facts: PreflightFacts,
  preflight: Preflight,
  acceptance: Acceptance,
): NativeDecision | Refusal {
  const { installation, cluster, asOf } = facts.status;
  const { config } = facts;
  if (installation === undefined || config === undefined) return unreadable(facts);
  const wrong = acceptance.ids.find((id) => !preflight.checks.some((check) => check.id === id));
  if (wrong !== undefined) return refused(`there is no check "${wrong}"`, 'the names stand in /cilium preflight');
  const done = alreadyNative(facts, config);
  if (done !== undefined) return done;
  const chosen = choose(preflight, installation);
  const foreign = chosen.type === 'chosen' ? handedOver(facts, installation, chosen.values) : undefined;
  if (foreign !== undefined) return foreign;
  const { checks } = accept(preflight.checks, acceptance.ids, acceptance.reason);
  const blocking = checks.filter(blocks);
  if (blocking.length > 0) return blocked({ cluster, asOf, blocking });
  if (chosen.type === 'refused') return chosen;
  const { to, values } = chosen;
  const pending = facts.status.agents.filter((agent) => !isSwitched(agent, to)).map(({ node }) => node);
  return {
    type: 'switch',
    installation,
    config,
    from: tunnelOf(config, facts.status.agents),
    to,
    values,
    checks,
    pending,
  };
}

function unreadable({ status }: PreflightFacts): Refusal {
  const { cluster } = status;
  if (status.cilium === 'absent') return refused(`Cilium is not installed on ${cluster}`, 'look at /cilium status');
  const [first] = status.missing;
  const why = first === undefined ? '' : `: ${first.part}: ${first.why}`;
  return refused(`Cilium on ${cluster} could not be read${why}`, 'check the rights of the bot, then ask again');
}

type Chosen = {
  readonly type: 'chosen';
  readonly to: NativeDecision['to'];
  readonly values: HelmValues;
};

function choose({ cidr, routes }: Preflight, { version }: Installation): Chosen | Refusal {
  if (!cidr.ok) return refused(cidr.why, cidr.fix);
  const to = { mode: 'native', cidr: cidr.cidr, routes: routes.routes } as const;
  const chosen = nativeRoutingValues({ appVersion: version ?? '', ...to });
  if (chosen.type === 'refused') return refused(chosen.why, chosen.nextStep);
  return { type: 'chosen', to, values: chosen.values };
}

function handedOver(
  { status: { cluster, asOf } }: PreflightFacts,
  { owner, namespace }: Installation,
  values: HelmValues,
): Refusal | undefined {
  const handover = handoverOf(owner, values, { namespace });
  if (handover === undefined) return;
  const { reason, nextStep, sections } = handover;
  return {
    ...refused(reason, nextStep),
    report: refusalReport({ cluster, asOf, why: reason, checks: [], sections }),
  };
}

function refused(reason: string, nextStep: string): Refusal {
  return {
    type: 'refused',
    reason: clip(reason, 1_000),
    ...(nextStep === '' ? {} : { nextStep: clip(nextStep, 400) }),
  };
}

function alreadyNative(
  { status, wanted }: PreflightFacts,
  config: Readonly<Record<string, string>>,
): Refusal | undefined {
  const { agents, cluster } = status;
  if (configuredRouting(config).mode !== 'native' || agents.length === 0) return undefined;
  const cidr = config['ipv4-native-routing-cidr'] ?? config['native-routing-cidr'] ?? '';
  const routes = config['auto-direct-node-routes'] === 'true' ? 'auto' : 'external';
  if (agents.some((agent) => !isSwitched(agent, { mode: 'native', cidr, routes }))) return undefined;
  const differs = [
    wanted.cidr !== undefined && wanted.cidr !== cidr ? `the CIDR is ${cidr}` : '',
    wanted.routes !== undefined && wanted.routes !== routes ? `routes are ${routes}` : '',
  ].filter((part) => part !== '');
  if (differs.length === 0)
    return refused(`nothing to do: ${cluster} runs native routing on all ${count(agents.length, 'agent')}`, 'verify');
  return refused(
    `${cluster} runs native routing already (${differs.join(', ')}); changing that is another change than switching to it`,
    'go back with /cilium rollback first, then enable it with the other settings',
  );
}

export function isSwitched({ ready, answer }: AgentState, to: RoutingTarget): boolean {
  return ready && answer.state === 'answered' && runsAs(to, answer.view.datapath);
}

/** What the agents carry now; where they differ, what those in a tunnel do. */
export function tunnelOf(config: Readonly<Record<string, string>>, agents: readonly AgentState[]): RoutingTarget {
  const running = agents.flatMap(({ answer }) => (answer.state === 'answered' ? [answer.view.datapath.routing] : []));
  const told = running.find(({ mode }) => mode === 'tunnel')?.protocol;
  const routing = configuredRouting(config);
  return { mode: 'tunnel', protocol: told ?? routing.protocol ?? config['tunnel-protocol'] ?? 'vxlan' };
}

type Blocked = { readonly cluster: string; readonly asOf: string; readonly blocking: readonly Check[] };

function blocked({ cluster, asOf, blocking }: Blocked): Refusal {
  const names = listed(
    blocking.map(({ id }) => id),
    5,
  );
  const why = `${count(blocking.length, 'check')} ${blocking.length === 1 ? 'stands' : 'stand'} against it: ${names}`;
  const unknown = blocking.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => `--accept ${id}`);
  const [first] = blocking;
  const nextStep =
    unknown.length === blocking.length
      ? `find out, or take the risk: ${unknown.join(' ')} --reason "…"`
      : `repair it first: ${first?.fix ?? ''}`;
  return { ...refused(why, nextStep), report: refusalReport({ cluster, asOf, why, checks: blocking, sections: [] }) };
}

type RefusalFacts = {
  readonly cluster: string;
  readonly asOf: string;
  readonly why: string;
  readonly checks: readonly Check[];
  readonly sections: readonly Section[];
};

function refusalReport({ cluster, asOf, why, checks, sections }: RefusalFacts): Report {
  const findings: readonly Finding[] = checks.slice(0, 8).map(({ verdict, title, evidence, fix }) => ({
    mark: verdict === 'fail' ? 'fail' : 'unknown',
    text: clip(`${title}: no. ${evidence}${fix === '' ? '' : `. Fix: ${fix}`}`, 600),
  }));
  return {
    mark: 'fail',
    headline: clip(`${cluster} was not changed: native routing cannot be planned`, 150),
    facts: [clip(why, 400)],
    findings,
    sections: [...sections],
    next: [],
    asOf,
  };
}
