import { z } from 'zod';
import type { StatusData } from '../src/cilium/facts/status-data.ts';
import { toPublished } from '../src/cilium/status/status-publish.ts';
import { statusReport } from '../src/cilium/status/status-report.ts';
import { SECOND_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob } from '../src/core/job.ts';
import type { Outcome } from '../src/core/run/outcome.ts';
import type { Report } from '../src/core/run/report.ts';
import { DAEMON_SETS_PART, readStatusData, type Selection } from './reading/status-data.ts';
import { withProgress } from './reading/with-progress.ts';
import { withinBudget } from './reading/within-budget.ts';
import { SUGGESTIBLE_COMMANDS } from './suggestible.ts';

const NodeName = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'a node name has a-z, 0-9, - and .');

const Args = z.object({
  cluster: ClusterName.optional(),
  nodes: z
    .array(NodeName)
    .min(1)
    .max(50)
    .refine((names) => names.length === 1 || !names.some(isWord), 'all and sample stand alone')
    .optional(),
});

function isWord(name: string): boolean {
  return name === 'all' || name === 'sample';
}

/** When this is up the report says what was read by then. The rest of the deadline is for writing it down. */
const READING_BUDGET_MS = 20 * SECOND_MS;

export const status = defineJob({
  name: 'status',
  words: [['status']],
  summary: 'Is Cilium healthy, which features are on and why, which pods it does not manage',
  usage: '[cluster] [--nodes all|sample|<name>,…]',
  examples: ['status', 'status prod', 'status prod --nodes sample', 'status prod --nodes node2,node3'],
  risk: 'read',
  deadlineMs: 30 * SECOND_MS,
  positionals: ['cluster'],
  flags: { nodes: { type: 'list', help: 'agents to ask: all (the default), sample, or names with commas between' } },
  Args,
  async *run({ nodes }, context) {
    const data = yield* withProgress((tell) =>
      withinBudget(context, READING_BUDGET_MS, (signal) =>
        readStatusData(context, selectionOf(nodes), { signal, tell }),
      ),
    );
    const report = statusReport({ data, knownCommands: SUGGESTIBLE_COMMANDS });
    return { outcome: outcomeOf(data, report), data: toPublished(data) };
  },
});

function selectionOf(nodes: readonly string[] | undefined): Selection {
  const [first] = nodes ?? [];
  if (nodes === undefined || first === undefined || first === 'all') return 'all';
  return first === 'sample' ? 'sample' : nodes;
}

function outcomeOf(data: StatusData, report: Report): Outcome {
  if (data.cilium === 'installed') return { type: 'succeeded', report };
  if (data.cilium === 'absent')
    return {
      type: 'failed',
      code: 'CiliumAbsent',
      message: `there is no DaemonSet with the label k8s-app=cilium on ${data.cluster}`,
      nextStep: 'install Cilium, or check that this is the cluster you mean',
      report,
    };
  const reason = data.missing.find((each) => each.part === DAEMON_SETS_PART);
  return {
    type: 'failed',
    code: reason?.code ?? 'UnexpectedAnswer',
    message: `Cilium could not be looked up: ${reason?.why ?? 'no answer'}`,
    nextStep: 'check the bot’s rights and the way to the API server, then ask again',
    report,
  };
}
