import { z } from 'zod';
import { HOUR_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineChange } from '../src/core/job.ts';
import { applySwitch } from './changing/apply-switch.ts';
import { planRollback } from './changing/plan-rollback.ts';

const Args = z.object({
  cluster: ClusterName.optional(),
  to: z.coerce.number().int('is a revision, like 27').min(1).optional(),
  maxUnavailable: z
    .string()
    .regex(/^([1-9]\d{0,4}|[1-9]\d?%|100%)$/, 'is a number of agents or a percentage, like 5 or 100%')
    .optional(),
  reason: z.string().max(400).optional(),
});

export const rollback = defineChange({
  name: 'rollback',
  words: [['rollback']],
  summary: 'Undo the last switch of the routing mode, from what it kept; or go back to the values of a Helm revision',
  usage: '[cluster] [--to <revision>] [--max-unavailable n|100%] [--reason …]',
  examples: ['rollback prod', 'rollback prod --to 27 --reason "latency since the switch"'],
  risk: 'change',
  deadlineMs: 12 * HOUR_MS,
  positionals: ['cluster'],
  flags: {
    to: {
      type: 'string',
      help: 'the Helm revision whose routing values are wanted; what the last switch kept without it',
    },
    'max-unavailable': { type: 'string', help: 'agents restarted at once; the DaemonSet’s own limit without it' },
    reason: { type: 'string', help: 'why: stands on the card' },
  },
  Args,
  plan: (args, context) => planRollback({ to: args.to, maxUnavailable: args.maxUnavailable }, context),
  apply: applySwitch,
});
