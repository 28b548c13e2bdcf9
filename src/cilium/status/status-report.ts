import type { Finding, Mark, NextStep, Report } from '../../core/run/report.ts';
import { modesOf } from '../facts/agent-groups.ts';
import { routingPhrase } from '../facts/datapath.ts';
import { driftOf } from '../facts/drift.ts';
import { type Feature, needsText } from '../facts/feature.ts';
import { ownerWords } from '../facts/ownership.ts';
import type { Installation, StatusData } from '../facts/status-data.ts';
import { clip, count } from '../facts/text.ts';
import { findingsOf } from './status-findings.ts';
import { sectionsOf } from './status-sections.ts';

export type ReportQuestion = {
  readonly data: StatusData;
  /** The lines the bot understands begin with one of these; a next step that it does not know is left out. */
  readonly knownCommands: readonly string[];
};

/** The parent message is the headline, one line of facts, the table and findings: fifteen lines, however big the cluster. */
const PARENT_LINES = 15;

export function statusReport({ data, knownCommands }: ReportQuestion): Report {
  const findings = findingsOf(data);
  const table = tableOf(data.features);
  const room = Math.max(3, PARENT_LINES - 2 - (table?.rows.length ?? 0));
  const shown = shownOf(findings, room).map((finding) => knownOnly(finding, knownCommands));
  const partial = partialOf(data);
  return {
    mark: markOf(data, findings),
    headline: clip(headlineOf(data, findings), 150),
    facts: [clip(factsOf(data), 400)],
    findings: shown,
    ...(table === undefined ? {} : { table }),
    sections: sectionsOf(data, findings.length > shown.length || findings.length > room ? findings : []),
    next: nextOf(data).filter((step) => isKnown(step, knownCommands)),
    asOf: data.asOf,
    ...(partial === undefined ? {} : { partial: clip(partial, 400) }),
  };
}

function headlineOf(data: StatusData, findings: readonly Finding[]): string {
  const { cluster, installation } = data;
  if (data.cilium === 'absent') return `Cilium is not installed on ${cluster}`;
  if (installation === undefined)
    return `Nobody can say whether Cilium runs on ${cluster}: ${data.missing[0]?.why ?? 'no answer'}`;
  return agentsHeadline(data) ?? routingHeadline(data) ?? calmHeadline(data, findings);
}

function calmHeadline(data: StatusData, findings: readonly Finding[]): string {
  const look = findings.length === 0 ? '' : ` · ${count(findings.length, 'thing')} to look at`;
  return `Cilium on ${data.cluster} ${verdict(data, findings)}${look}`;
}

/** Applied and not rolled out, or agents of two modes: nothing but dead agents matters as much. */
function routingHeadline(data: StatusData): string | undefined {
  const pending = pendingRouting(data);
  if (pending !== undefined) return `${data.cluster}: ${pending}: restart pending`;
  const modes = [...modesOf(data)];
  if (modes.length < 2) return undefined;
  const words = modes.map(([mode, nodes]) => `${nodes.length} ${mode}`).join(', ');
  return `${data.cluster}: agents run different routing modes (${words}): pod traffic between them is dropped`;
}

function pendingRouting(data: StatusData): string | undefined {
  const configured = data.installation?.configured?.routing;
  const drift = driftOf(data).find((each) => each.setting === 'routing mode');
  if (drift === undefined || configured === undefined) return undefined;
  const mode = routingPhrase(configured);
  const name = mode === 'native routing' ? mode : `tunnel mode (${mode})`;
  const still = `${drift.agents.length === 1 ? 'runs' : 'run'} ${stillWords(drift.agents.map((agent) => agent.runs))}`;
  return `${name} is configured but ${drift.agents.length} of ${count(drift.answered, 'agent')} still ${still}`;
}

function stillWords(runs: readonly string[]): string {
  const modes = [...new Set(runs)].map((mode) => /^Tunnel \((.+)\)$/.exec(mode)?.[1] ?? mode.toLowerCase());
  return modes.join(' and ');
}

function agentsHeadline(data: StatusData): string | undefined {
  const down = data.agents.filter((agent) => !agent.ready).length;
  if (down === 0) return undefined;
  const crash = data.agents.some((agent) => agent.trouble === 'CrashLoopBackOff') ? ' (CrashLoopBackOff)' : '';
  const pending = pendingRouting(data);
  const also = pending === undefined ? '' : ` · ${pending}`;
  return `Cilium on ${data.cluster}: ${down} of ${count(data.agents.length, 'agent')} ${down === 1 ? 'is' : 'are'} down${crash}${also}`;
}

function verdict(data: StatusData, findings: readonly Finding[]): string {
  const mark = markOf(data, findings);
  if (mark === 'fail') return 'is not healthy';
  if (mark === 'unknown') return 'runs, but its agents told nothing';
  // Things to look at beside a healthy Cilium are no reason to call it sick.
  return partialOf(data) === undefined ? 'is healthy' : 'is healthy as far as it could be read';
}

function markOf(data: StatusData, findings: readonly Finding[]): Mark {
  if (data.cilium === 'absent') return 'fail';
  if (data.installation === undefined) return 'unknown';
  if (findings.some((finding) => finding.mark === 'fail')) return 'fail';
  if (!data.agents.some((agent) => agent.answer.state === 'answered')) return 'unknown';
  return findings.length === 0 && partialOf(data) === undefined ? 'ok' : 'warn';
}

function factsOf(data: StatusData): string {
  const { installation } = data;
  const kubernetes = `Kubernetes ${data.kubernetes ?? 'version unknown'}`;
  if (installation === undefined) {
    const nodes = data.nodes.length === 0 ? '' : ` · ${count(data.nodes.length, 'node')}`;
    return `${kubernetes}${nodes}`;
  }
  const { operator } = installation;
  const restarts = (operator?.restarts ?? 0) > 0 ? ` (${count(operator?.restarts ?? 0, 'restart')})` : '';
  return [
    `Agents ${installation.ready}/${installation.desired}`,
    operator === undefined ? 'operator unknown' : `operator ${operator.ready}/${operator.desired}${restarts}`,
    `Cilium ${installation.version ?? 'version unknown'}`,
    kubernetes,
    releaseWords(installation),
    ownerWords(installation.owner),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function releaseWords({ release, owner }: Installation): string | undefined {
  if (release === undefined) return owner.type === 'helm' ? 'Helm release unknown' : undefined;
  const revision = release.revision === undefined ? '' : ` rev ${release.revision}`;
  const state = release.status ?? release.note ?? 'unknown';
  return `Helm release ${release.name}${revision} (${state})`;
}

function tableOf(features: readonly Feature[]): Report['table'] {
  const [ipv6, ipv4] = ['ipv6-big-tcp', 'ipv4-big-tcp'].map((id) => features.find((feature) => feature.id === id));
  const rows = features.flatMap((feature) => {
    if (feature === ipv4 && ipv6 !== undefined) return [];
    if (feature === ipv6 && ipv4 !== undefined) return [bigTcpRow(feature, ipv4)];
    return [[feature.name, clip(feature.state, 200), clip(feature.why, 600)]];
  });
  return rows.length === 0 ? undefined : { columns: ['Feature', 'State', 'Why and what it needs'], rows };
}

/** Both families in one row: they need nearly the same, so what both need is said once. */
function bigTcpRow(ipv6: Feature, ipv4: Feature): readonly string[] {
  const name = 'IPv6 / IPv4 BIG TCP';
  const state = `${ipv6.state} / ${ipv4.state}`;
  if (ipv6.why === ipv4.why) return [name, state, clip(ipv6.why, 600)];
  const shared = ipv6.needs.filter((need) => ipv4.needs.some((other) => other.text === need.text));
  if (ipv6.on !== 'off' || ipv4.on !== 'off' || shared.length === 0)
    return [name, state, clip(`IPv6: ${ipv6.why} · IPv4: ${ipv4.why}`, 600)];
  const own = ({ needs }: Feature) =>
    needsText(needs.filter((need) => !shared.some((both) => both.text === need.text)));
  const both = needsText(shared);
  return [
    name,
    state,
    clip(`${both === '' ? '' : `both ${both.replace(/^needs/, 'need')} · `}IPv6 ${own(ipv6)} · IPv4 ${own(ipv4)}`, 600),
  ];
}

/** Findings that fit; where some do not, the last line says how many more the thread has. */
function shownOf(findings: readonly Finding[], room: number): readonly Finding[] {
  if (findings.length <= room) return findings;
  const rest = findings.length - (room - 1);
  return [
    ...findings.slice(0, room - 1),
    { mark: 'none', text: `${count(rest, 'more thing')} to look at, in the details` },
  ];
}

function partialOf(data: StatusData): string | undefined {
  const wanted =
    data.chosen.length === 0 ? data.agents : data.agents.filter((agent) => data.chosen.includes(agent.node));
  const heard = wanted.filter((agent) => agent.answer.state === 'answered').length;
  const parts = [
    ...(heard === wanted.length ? [] : [`heard ${heard.toLocaleString('en-US')} of ${count(wanted.length, 'agent')}`]),
    ...data.missing.map((missing) => `${missing.part}: ${missing.why}`),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

function nextOf(data: StatusData): readonly NextStep[] {
  const { cluster } = data;
  const steps = [{ label: 'Re-run', command: `status ${cluster}` }];
  const routing = data.features.find((feature) => feature.id === 'routing');
  if (routing?.on === 'off') steps.push({ label: 'Preflight', command: `preflight native-routing ${cluster}` });
  const odd = data.agents.filter((agent) => agent.answer.state === 'failed').map((agent) => agent.node);
  const names = odd.slice(0, 5).join(',');
  if (odd.length > 0 && names.length < 150)
    steps.push({ label: 'Ask silent nodes again', command: `status ${cluster} --nodes ${names}` });
  return steps;
}

function knownOnly(finding: Finding, knownCommands: readonly string[]): Finding {
  if (finding.next === undefined || isKnown(finding.next, knownCommands)) return finding;
  const { next: _unknown, ...rest } = finding;
  return rest;
}

function isKnown(step: NextStep, knownCommands: readonly string[]): boolean {
  return knownCommands.some((words) => step.command === words || step.command.startsWith(`${words} `));
}
