import { z } from 'zod';
import { HOUR_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineChange } from '../src/core/job.ts';
import { applySwitch } from './changing/apply-switch.ts';
import { planNative } from './changing/plan-native.ts';

const Args = z
  .object({
    cluster: ClusterName.optional(),
    routes: z.enum(['auto', 'external'], 'is auto or external').optional(),
    cidr: z.string().max(50).optional(),
    maxUnavailable: z
      .string()
      .regex(/^([1-9]\d{0,4}|[1-9]\d?%|100%)$/, 'is a number of agents or a percentage, like 5 or 100%')
      .optional(),
    accept: z.array(z.string().max(40)).max(60).optional(),
    bench: z.boolean().optional(),
    reason: z.string().max(400).optional(),
  })
  .refine((args) => args.accept === undefined || (args.reason ?? '').trim() !== '', {
    path: ['reason'],
    message: 'accepting a check needs a reason: --reason "…"',
  });

export const enableNativeRouting = defineChange({
  name: 'enable-native-routing',
  words: [
    ['enable', 'native-routing'],
    ['enable', 'native', 'routing'],
  ],
  summary: 'Take the cluster off its tunnel: plan, approval, Helm, agents one batch at a time, proof, and the way back',
  usage:
    '[cluster] [--routes auto|external] [--cidr A.B.C.D/n] [--max-unavailable n|100%] [--accept <check>,…] [--bench] [--reason …]',
  examples: [
    'enable native-routing prod',
    'enable native-routing prod --reason "throughput for the ETL window, CHG-4711"',
    'enable native-routing prod --bench',
    'enable native-routing prod --routes external --cidr 10.0.0.0/16 --max-unavailable 100%',
  ],
  risk: 'change',
  // 5,000 nodes two at a time take nine hours; each agent has a limit of its own.
  deadlineMs: 12 * HOUR_MS,
  positionals: ['cluster'],
  flags: {
    routes: {
      type: 'string',
      help: 'who installs the routes: auto (the agents) or external (a router, BGP, the cloud)',
    },
    cidr: { type: 'string', help: 'the native routing CIDR, where it should not be the computed one' },
    'max-unavailable': {
      type: 'string',
      help: 'agents restarted at once after the first one; the DaemonSet’s own limit without it',
    },
    accept: { type: 'list', help: 'checks whose warning or unknown answer you take on yourself' },
    bench: { type: 'boolean', help: 'measure throughput between two nodes before and after: three minutes each' },
    reason: { type: 'string', help: 'why: stands on the card, and beside what was accepted' },
  },
  Args,
  plan: (args, context) =>
    planNative(
      {
        wanted: { routes: args.routes, cidr: args.cidr, maxUnavailable: args.maxUnavailable },
        bench: args.bench === true,
        acceptance: { ids: args.accept ?? [], reason: args.reason ?? '' },
      },
      context,
    ),
  apply: applySwitch,
});
