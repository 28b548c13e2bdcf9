import { z } from 'zod';
import { Actor, Origin } from '../actor.ts';
import { ClusterName, GroupId, RunId, UserId } from '../ids.ts';
import { Outcome } from './outcome.ts';

/**
 * A run is an append-only list of these events; its state is the fold in `run.ts`. Events are facts in the past tense,
 * complete in themselves, and never edited. `at` is ISO 8601 in UTC.
 *
 * | event            | written by   | says                                                             |
 * | requested        | bot          | somebody asked; always the first event                           |
 * | planned          | worker       | what a change would do, pinned by its digest                     |
 * | voted            | bot          | approve, reject, hold or unhold, on one digest                   |
 * | approved         | bot          | enough votes on this digest                                      |
 * | voided           | worker       | the world changed since the votes: they no longer count          |
 * | applying         | worker       | nothing changed since the votes: from here on the run writes     |
 * | started          | worker       | attempt n begins (n > 1: the worker before it was lost)          |
 * | step-started … step-ended | worker | progress                                                     |
 * | artifact         | worker       | bulk data or a picture, kept beside the events                   |
 * | handed-back      | worker       | a worker that shuts down returned the run to the queue           |
 * | cancel-requested | bot          | somebody wants it to stop                                        |
 * | ended            | worker, bot  | how it ended; always the last event                              |
 */
const at = z.iso.datetime();
const attempt = z.number().int().min(1);
const step = z.string().max(60);

export const RunEvent = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('requested'),
      at,
      run: RunId,
      /** Idempotency key of the request (hash of the Slack trigger id): a redelivery has the same. */
      requestKey: z.string().max(200),
      by: Actor,
      origin: Origin,
      cluster: ClusterName,
      /** Registered name of the job and its parsed arguments. */
      command: z.string().max(60),
      args: z.unknown(),
      /** What was typed, for people. */
      text: z.string().max(1_000),
      risk: z.enum(['read', 'probe', 'change']),
    }),
    z.object({
      type: z.literal('planned'),
      at,
      attempt,
      plan: z.unknown(),
      digest: z.string(),
      approvals: z.number().int().min(0),
      expiresAt: at,
      /** The rule as it was then: votes are counted by it, whatever the configuration says later. */
      selfApproval: z.boolean().optional(),
      /** Enough votes before this wait for it: the next maintenance window. */
      opensAt: at.optional(),
      /** People who may approve beside those of the rule: whoever asked for what is undone here. */
      alsoApprove: z.array(UserId).max(10).optional(),
      /** Whom the card names. */
      approvers: z.object({ users: z.array(UserId).max(50), groups: z.array(GroupId).max(20) }).optional(),
    }),
    z.object({
      type: z.literal('voted'),
      at,
      by: Actor,
      verdict: z.enum(['approve', 'reject', 'hold', 'unhold']),
      digest: z.string(),
      reason: z.string().max(1_000).optional(),
      /** Of `unhold`: whose hold ends. */
      releases: z.array(UserId).max(50).optional(),
      /** Of `approve`: alone, in an emergency, with a reason; `tells` are the approvers who hear of it. */
      breakGlass: z.boolean().optional(),
      tells: z.array(UserId).max(100).optional(),
    }),
    z.object({ type: z.literal('approved'), at, digest: z.string() }),
    z.object({ type: z.literal('voided'), at, attempt, changed: z.array(z.string().max(300)).max(20) }),
    z.object({ type: z.literal('applying'), at, attempt, digest: z.string() }),
    z.object({ type: z.literal('started'), at, attempt, worker: z.string().max(80) }),
    z.object({ type: z.literal('step-started'), at, attempt, step, title: z.string().max(140) }),
    z.object({
      type: z.literal('counted'),
      at,
      attempt,
      step,
      done: z.number().int(),
      total: z.number().int(),
      detail: z.string().max(300).optional(),
    }),
    z.object({
      type: z.literal('step-ended'),
      at,
      attempt,
      step,
      result: z.enum(['ok', 'warn', 'failed', 'skipped']),
      detail: z.string().max(300).optional(),
    }),
    z.object({
      type: z.literal('artifact'),
      at,
      attempt,
      name: z.string().max(120),
      title: z.string().max(140),
      mimetype: z.string().max(80),
      key: z.string().max(200),
      sizeBytes: z.number().int(),
      altText: z.string().max(1_000).optional(),
    }),
    z.object({ type: z.literal('handed-back'), at, attempt, why: z.string().max(200) }),
    z.object({ type: z.literal('cancel-requested'), at, by: Actor, reason: z.string().max(1_000).optional() }),
    z.object({ type: z.literal('ended'), at, outcome: Outcome }),
  ])
  .readonly();
export type RunEvent = z.infer<typeof RunEvent>;
export type RunEventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;
export type Requested = RunEventOf<'requested'>;
