import { z } from 'zod';
import { SECOND_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob } from '../src/core/job.ts';
import { DAEMON_SETS } from '../src/core/resources.ts';
import { withProgress } from './reading/with-progress.ts';

const Args = z.object({
  cluster: ClusterName.optional(),
  /** `all`, `sample`, or names of nodes. */
  nodes: z.array(z.string().min(1).max(253)).min(1).max(50).optional(),
});

export const status = defineJob({
  name: 'status',
  words: [['status']],
  summary: 'Is Cilium healthy, which features are on and why, which pods it does not manage',
  usage: '[cluster] [--nodes all|sample|<name>,…]',
  examples: ['status', 'status prod', 'status prod --nodes node2'],
  risk: 'read',
  deadlineMs: 30 * SECOND_MS,
  positionals: ['cluster'],
  flags: { nodes: { type: 'list', help: 'agents to ask: all (the default), sample, or names with commas between' } },
  Args,
  async *run(_args, context) {
    const { cluster, clock, signal } = context;
    const read = yield* withProgress(async (tell) => {
      tell({ type: 'step-started', step: 'objects', title: 'Read the cluster' });
      const version = await cluster.version(signal);
      let agents = 0;
      for await (const page of cluster.list(DAEMON_SETS, { labelSelector: 'k8s-app=cilium', as: 'objects' }, signal))
        agents += page.length;
      tell({ type: 'step-ended', step: 'objects', result: 'ok' });
      return { version, agents };
    });
    const report = {
      mark: read.agents > 0 ? ('ok' as const) : ('fail' as const),
      headline: read.agents > 0 ? `Cilium runs on ${cluster.name}` : `Cilium is not installed on ${cluster.name}`,
      facts: [`Kubernetes ${read.version}`],
      findings: [],
      sections: [],
      next: [{ label: 'Re-run', command: `status ${cluster.name}` }],
      asOf: clock.now().toISOString(),
    };
    return { outcome: { type: 'succeeded', report }, data: read };
  },
});
