import type { NextStep, Report, Section } from '../../core/run/report.ts';
import { age, clip, count, listed, tally } from '../facts/text.ts';
import { PREVENTION, type RestartFacts } from './restart-plan.ts';
import type { Verdict } from './restart-pods.ts';
import { restartStale, type StaleMtu, staleWords } from './stale-mtu.ts';

export type LeftFacts = RestartFacts & {
  /** Pods with a stale route MTU were looked for, too. */
  readonly asksStale: boolean;
  readonly staleMtu: StaleMtu | undefined;
  readonly asOf: string;
};

export type RestartEnd = {
  readonly cluster: string;
  readonly run: string;
  readonly asOf: string;
  readonly tookMs: number | undefined;
  readonly approvedBy: readonly string[];
  readonly owners: readonly {
    readonly words: string;
    readonly planned: number;
    readonly done: number;
    /** Why it is not finished. */
    readonly why?: string;
  }[];
  /** The same query again; undefined when nobody answered. */
  readonly found: LeftFacts | undefined;
};

const MAX_ROWS = 60;

/** What was done, and what the same question finds now. */
export function restartReport(end: RestartEnd): Report {
  const { cluster, owners, tookMs, found } = end;
  const planned = owners.reduce((sum, owner) => sum + owner.planned, 0);
  const done = owners.reduce((sum, owner) => sum + owner.done, 0);
  const left = leftOf(found);
  const isWhole = owners.every(({ why }) => why === undefined);
  return {
    mark: isWhole ? 'ok' : 'fail',
    headline: clip(
      `${cluster}: ${done} of ${count(planned, 'pod')} restarted under Cilium · ${tookMs === undefined ? 'by more than one worker' : `took ${age(tookMs)}`}`,
      150,
    ),
    facts: [proofWords(found)],
    findings: owners
      .flatMap(({ words, why }) =>
        why === undefined ? [] : [{ mark: 'fail' as const, text: clip(`${words}: ${why}`, 600) }],
      )
      .slice(0, 8),
    table: {
      columns: ['Owner', 'Restarted', 'State'],
      rows: owners
        .slice(0, MAX_ROWS)
        .map((owner) => [
          clip(owner.words, 200),
          `${owner.done}/${owner.planned}`,
          owner.why === undefined ? 'ready, with their endpoints' : clip(owner.why, 300),
        ]),
    },
    sections: [...leftSections(left), ...why(found), ...staleMtu(cluster, found)],
    next: nextOf(cluster, left, found),
    asOf: end.asOf,
  };
}

/** Nobody can say how far it came. */
export function unknownRestartReport(end: RestartEnd, lastProven: string, because: string): Report {
  return {
    ...restartReport(end),
    mark: 'unknown',
    headline: clip(`${end.cluster}: nobody can say which pods are restarted by now`, 150),
    facts: [clip(`Last proven: ${lastProven}`, 400), clip(because, 400)],
    next: [
      { label: 'Look again', command: `restart unmanaged ${end.cluster}` },
      { label: 'Status', command: `status ${end.cluster}` },
    ],
  };
}

/** Nothing could be planned: what there is, and why it stays. */
export function leftReport(cluster: string, found: LeftFacts): Report {
  const left = leftOf(found);
  return {
    mark: left.length === 0 ? 'ok' : 'warn',
    headline: clip(
      left.length === 0 ? `${cluster}: no unmanaged pods` : `${cluster}: ${leftWords(left)}, none to restart`,
      150,
    ),
    facts: [`${count(found.running, 'running pod')} on the pod network looked at`],
    findings: [],
    sections: [...leftSections(left), ...why(found), ...staleMtu(cluster, found)],
    next: nextOf(cluster, left, found),
    asOf: found.asOf,
  };
}

function leftOf(found: LeftFacts | undefined): readonly Verdict[] {
  return (found?.verdicts ?? []).filter(({ included, stays }) => included || stays);
}

function proofWords(found: LeftFacts | undefined): string {
  if (found === undefined) return 'Not looked at again';
  const left = leftOf(found);
  const of = `of ${count(found.running, 'running pod')} on the pod network`;
  if (left.length === 0) return `Looked again: none ${of} is unmanaged${mtuProof(found)}`;
  const reasons = tally(left.map((verdict) => plainWhy(verdict))).map(([words, number]) => `${number} ${words}`);
  return clip(`Looked again: ${left.length} ${of} still ${stateWords(left)}: ${listed(reasons, 3)}`, 400);
}

/** Said where it was asked for. */
function mtuProof({ stale, asksStale }: LeftFacts): string {
  return asksStale && stale.type !== 'none' ? ', none has a stale route MTU' : '';
}

function leftWords(left: readonly Verdict[]): string {
  const isPlain = left.every(({ about }) => about === 'unmanaged');
  return isPlain ? count(left.length, 'unmanaged pod') : `${count(left.length, 'pod')} ${stateWords(left)}`;
}

function stateWords(left: readonly Verdict[]): string {
  const kinds = new Set(left.map(({ about }) => about));
  if (!kinds.has('stale-mtu')) return 'unmanaged';
  return kinds.has('unmanaged') ? 'unmanaged or with a stale MTU' : 'with a stale MTU';
}

function plainWhy({ included, why: reason }: Verdict): string {
  return included ? 'could be restarted by another run' : reason;
}

function leftSections(left: readonly Verdict[]): Section[] {
  if (left.length === 0) return [];
  return [
    {
      title: `Still ${stateWords(left)} (${left.length})`,
      lines: left.length > MAX_ROWS ? [`the first ${MAX_ROWS}; all of them are in the result file`] : [],
      table: {
        columns: ['Pod', 'Owner', 'Node', 'Why'],
        rows: left
          .slice(0, MAX_ROWS)
          .map((each) => [
            clip(`${each.namespace}/${each.name}`, 200),
            clip(each.owner, 200),
            each.node,
            clip(plainWhy(each), 500),
          ]),
      },
    },
  ];
}

function why(found: LeftFacts | undefined): Section[] {
  const shared =
    found?.sharesCni === true
      ? ['cni-exclusive is off: the other CNI configuration stays on the nodes and may be taken again']
      : [];
  return [
    {
      title: 'Why pods become unmanaged, and how to prevent it',
      lines: [
        'They started while no Cilium agent was ready on their node: before Cilium was installed, or on a node that has just joined.',
        `Prevent it: ${PREVENTION}.`,
        ...shared,
      ],
    },
  ];
}

/** The follow-up of a change of the routing mode on old agents. */
function staleMtu(cluster: string, found: LeftFacts | undefined): Section[] {
  const title = 'After a change of the routing mode';
  const once = 'Agents before 1.17 write the route MTU when a pod starts, and never again';
  if (found?.staleMtu !== undefined)
    return [{ title, lines: [`${staleWords(found.staleMtu)}.`, `${once}: restart them when it suits.`] }];
  if (found === undefined || found.asksStale || found.stale.type !== 'unrecorded') return [];
  const how = `/cilium ${restartStale(cluster).command}`;
  const lines = [
    `${once}. No switch is written down here: if somebody made one past this bot, \`${how}\` plans for the pods that are older than their agents.`,
  ];
  return [{ title, lines }];
}

function nextOf(cluster: string, left: readonly Verdict[], found: LeftFacts | undefined): NextStep[] {
  const again = left.filter(({ included }) => included);
  const flag = again.some(({ about }) => about === 'stale-mtu') ? ' --stale-mtu' : '';
  return [
    ...(again.length === 0 ? [] : [{ label: 'Restart the rest', command: `restart unmanaged ${cluster}${flag}` }]),
    ...(found?.staleMtu === undefined ? [] : [restartStale(cluster)]),
    { label: 'Status', command: `status ${cluster}` },
  ];
}
