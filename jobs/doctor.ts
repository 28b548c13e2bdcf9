import { z } from 'zod';
import { SECOND_MS } from '../src/core/clock.ts';
import type { CheckGroup, SelfChecks } from '../src/core/doctoring.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob, type JobContext } from '../src/core/job.ts';
import { doctorReport } from './doctoring/doctor-report.ts';
import { examineCluster } from './doctoring/examine-cluster.ts';
import { type Tell, withProgress } from './reading/with-progress.ts';
import { withinBudget } from './reading/within-budget.ts';

const Args = z.object({ cluster: ClusterName.optional() });

/** When this is up the report says what was found by then. */
const BUDGET_MS = 45 * SECOND_MS;

export const doctor = defineJob({
  name: 'doctor',
  words: [['doctor']],
  summary: 'Is the bot itself well? Slack, policy, store, queue, rights on the cluster: each with evidence and the fix',
  usage: '[cluster]',
  examples: ['doctor', 'doctor prod'],
  risk: 'read',
  topic: 'manage',
  deadlineMs: 60 * SECOND_MS,
  positionals: ['cluster'],
  flags: {},
  Args,
  async *run(_args, context) {
    const groups = yield* withProgress((tell) =>
      withinBudget(context, BUDGET_MS, (signal) => examine(context, signal, tell)),
    );
    const asOf = context.clock.now().toISOString();
    const { name } = context.cluster;
    const report = doctorReport({
      subject: name,
      groups,
      next: [
        { label: 'Re-run', command: `doctor ${name}` },
        { label: 'Status', command: `status ${name}` },
      ],
      asOf,
    });
    return {
      outcome: { type: 'succeeded', report },
      data: { schemaVersion: 1, cluster: name, asOf, groups },
    };
  },
});

async function examine(context: JobContext, signal: AbortSignal, tell: Tell): Promise<readonly CheckGroup[]> {
  const { cluster, clock, log, signal: cancel, probes, selfChecks = nothingKnown(context) } = context;
  // One after the other: what is timed must not wait for the rest.
  const groups = await step(tell, 'self', 'Slack, store and queue', () => selfChecks.groups(signal));
  const group = await step(tell, 'cluster', `rights and parts of ${cluster.name}`, () =>
    examineCluster({ cluster, clock, log, cancel, signal, probes, self: selfChecks }),
  );
  return [...groups, group];
}

async function step<T>(tell: Tell, name: string, title: string, work: () => Promise<T>): Promise<T> {
  tell({ type: 'step-started', step: name, title });
  const done = await work();
  tell({ type: 'step-ended', step: name, result: 'ok' });
  return done;
}

/** In the terminal's `run`, beside no store and no Slack: the cluster is what is left. */
function nothingKnown({ cluster }: JobContext): SelfChecks {
  return {
    groups: async () => [],
    connection: async (signal) => {
      const began = performance.now();
      await cluster.version(signal);
      return { server: cluster.name, credentials: 'the kubeconfig', roundTripsMs: [performance.now() - began] };
    },
    permits: () => true,
  };
}
