import { z } from 'zod';
import { HOUR_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineChange } from '../src/core/job.ts';
import { applyRestart } from './restarting/apply-restart.ts';
import { planRestart } from './restarting/plan-restart.ts';

const Args = z.object({
  cluster: ClusterName.optional(),
  namespace: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'is the name of a namespace')
    .optional(),
  includeBare: z.boolean().optional(),
  includeJobs: z.boolean().optional(),
  staleMtu: z.boolean().optional(),
  reason: z.string().max(400).optional(),
});

export const restartUnmanaged = defineChange({
  name: 'restart-unmanaged',
  words: [
    ['restart', 'unmanaged'],
    ['restart', 'unmanaged', 'pods'],
  ],
  summary:
    'Bring pods that started before Cilium under its management: plan, approval, evictions within budgets, proof',
  usage: '[cluster] [-n <namespace>] [--include-bare] [--include-jobs] [--stale-mtu] [--reason …]',
  examples: ['restart unmanaged prod', 'restart unmanaged prod -n legacy --reason "policies do not apply, CHG-4712"'],
  risk: 'change',
  deadlineMs: 4 * HOUR_MS,
  positionals: ['cluster'],
  flags: {
    namespace: { type: 'string', short: 'n', help: 'only pods of this namespace' },
    'include-bare': { type: 'boolean', help: 'pods that nobody recreates, too: they are deleted for good' },
    'include-jobs': { type: 'boolean', help: 'running Job pods, too: their work starts anew' },
    'stale-mtu': {
      type: 'boolean',
      help: 'managed pods that keep the route MTU of another routing mode, too (agents before 1.17)',
    },
    reason: { type: 'string', help: 'why: stands on the card' },
  },
  Args,
  plan: (args, context) =>
    planRestart(
      {
        namespace: args.namespace,
        includeBare: args.includeBare ?? false,
        includeJobs: args.includeJobs ?? false,
        staleMtu: args.staleMtu ?? false,
      },
      context,
    ),
  apply: applyRestart,
});
