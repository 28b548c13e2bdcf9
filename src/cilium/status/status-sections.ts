import type { Finding, Section } from '../../core/run/report.ts';
import { groupsOf, nodeLines } from '../facts/agent-groups.ts';
import { driftOf } from '../facts/drift.ts';
import type { StatusData } from '../facts/status-data.ts';
import { clip, count, listed, plainAge } from '../facts/text.ts';
import type { Unmanaged } from '../restart/unmanaged.ts';
import { failingOf } from './findings-agents.ts';
import { oldest } from './findings-surroundings.ts';

const LINE = 800;
/** Up to here every node has a line of its own. */
const NODES_ONE_BY_ONE = 20;
const MAX_GROUPS = 20;
const MAX_LINES = 40;

/** The details. `overflow` are all findings when the parent could not show them all. */
export function sectionsOf(data: StatusData, overflow: readonly Finding[]): readonly Section[] {
  return [
    section(
      'To look at',
      overflow.map((finding) => finding.text),
    ),
    nodes(data),
    unmanaged(data.unmanaged),
    health(data),
    section('Failing controllers', controllerLines(data)),
    section('Configured and running', driftLines(data)),
    section(
      'Not read',
      data.missing.map((missing) => `${missing.part}: ${missing.why}`),
    ),
  ].filter((each) => each.lines.length > 0 || each.table !== undefined);
}

function section(title: string, lines: readonly string[]): Section {
  const rest = lines.length - MAX_LINES;
  const shown = lines.slice(0, MAX_LINES).map((line) => clip(line, LINE));
  return { title, lines: rest > 0 ? [...shown, `and ${rest} more`] : shown };
}

function nodes(data: StatusData): Section {
  const all = nodeLines(data);
  const chosen = data.chosen.length === 0 ? all : all.filter((line) => data.chosen.includes(line.node));
  const title = `Nodes (${all.length === chosen.length ? all.length : `${chosen.length} of ${all.length}`})`;
  if (chosen.length <= NODES_ONE_BY_ONE)
    return section(
      title,
      chosen.map((line) => line.line),
    );
  const [largest, ...others] = groupsOf(chosen);
  if (largest === undefined) return section(title, []);
  const differ = others.reduce((sum, group) => sum + group.length, 0);
  const first = `${count(largest.length, 'node')} alike: ${largest[0].alike}`;
  if (differ === 0) return section(title, [first]);
  const lines = others
    .slice(0, MAX_GROUPS)
    .map((group) =>
      group.length === 1 ? group[0].line : `${listed(group.map((each) => each.node))}: ${group[0].alike}`,
    );
  const hidden = others.length - lines.length;
  return section(title, [
    `${first}; ${differ} ${differ === 1 ? 'differs' : 'differ'}:`,
    ...lines,
    ...(hidden > 0 ? [`and ${count(hidden, 'more kind')} of node`] : []),
  ]);
}

function unmanaged(known: Unmanaged | undefined): Section {
  if (known === undefined) return section('', []);
  const notes = [
    ...(known.undecided > 0
      ? [`${count(known.undecided, 'pod')} on nodes without a ready agent: nobody can tell`]
      : []),
    ...(known.notLookedAt > 0
      ? [`${count(known.notLookedAt, 'pod')} without an endpoint, not looked at one by one`]
      : []),
  ];
  if (known.total === 0) return section('Pods not managed by Cilium', notes);
  const rows = known.groups
    .slice(0, MAX_LINES)
    .map((group) => [group.namespace, group.owner, String(group.pods), clip(group.reason, 300), group.remedy]);
  const hidden = known.groups.length - rows.length;
  return {
    title: `Pods not managed by Cilium (${known.total} of ${known.running.toLocaleString('en-US')} running)`,
    lines: [...notes, ...(hidden > 0 ? [`and ${count(hidden, 'more workload')}`] : [])],
    table: { columns: ['Namespace', 'Workload', 'Pods', 'Why', 'Remedy'], rows },
  };
}

function health(data: StatusData): Section {
  if (data.health.length === 0) return section('', []);
  const { asOf } = data;
  const silent = data.health.filter((each) => each.probed === 0).map((each) => each.from);
  const clean = data.health.filter((each) => each.probed > 0 && each.unreachable.length === 0);
  const bad = data.health.filter((each) => each.unreachable.length > 0);
  const asked = `asked ${data.health.length} of ${count(data.nodes.length, 'node')}`;
  return section(
    `Cluster health (${asked}, probed ${oldest(data.health, asOf)}; lags about 2 min, no verdict on its own)`,
    [
      ...(clean.length > 0
        ? [
            `${listed(
              clean.map((each) => each.from),
              6,
            )}: every other node reached`,
          ]
        : []),
      ...bad.map((each) => {
        const peers = each.unreachable.map((peer) => `${peer.node} by ${peer.how}`);
        return `${each.from}: not reached ${listed(peers, 4)} (${plainAge(each.oldestProbe, asOf) ?? 'unknown time'} ago)`;
      }),
      ...(silent.length > 0
        ? [`${listed(silent, 6)}: has not probed anyone yet (normal for 3 min after a restart, or alone)`]
        : []),
    ],
  );
}

function controllerLines(data: StatusData): readonly string[] {
  return failingOf(data).map(
    ({ node, name, failures, message }) => `${node} ${name}: ${count(failures, 'time')} in a row, ${message}`,
  );
}

function driftLines(data: StatusData): readonly string[] {
  return driftOf(data).map((drift) => {
    const agents = drift.agents.map((agent) => `${agent.node} ${agent.runs}`);
    return `${drift.setting}: configured ${drift.wanted}, running ${listed(agents, 6)}`;
  });
}
