import { z } from 'zod';
import { ChannelId, ClusterName, RunId, UserId } from '../ids.ts';
import { withoutSecrets } from '../secrets.ts';
import type { Requested, RunEvent } from './events.ts';
import type { Outcome } from './outcome.ts';
import { Plan } from './plan.ts';

/**
 * One line of the audit export: one event of one run, complete in itself, so that a line can be searched, counted and
 * sent on alone. `run` and `seq` together are its identity: whoever exports twice knows what it has. Names stay as they
 * are within a schemaVersion; fields may be added.
 */
export const AuditLine = z.strictObject({
  schemaVersion: z.literal(1),
  run: RunId,
  /** Position among the events of the run, from 1. Progress counts are not exported, hence the gaps. */
  seq: z.number().int().min(1),
  at: z.iso.datetime(),
  event: z.string(),
  cluster: ClusterName,
  command: z.string(),
  risk: z.enum(['read', 'probe', 'change']),
  requestedBy: UserId,
  /** Who did this: a person; absent where the bot or a worker did. `team` is the Slack team of the account. */
  actor: z.object({ user: UserId, team: z.string().optional(), external: z.boolean() }).optional(),
  worker: z.string().optional(),
  attempt: z.number().int().optional(),
  /** Of `requested`: what was typed and where. */
  typed: z.string().optional(),
  via: z.enum(['slash', 'mention', 'button', 'terminal', 'schedule']).optional(),
  channel: ChannelId.optional(),
  /** SHA-256 of what was pinned of the plan: the one that was made, voted on, approved or applied. */
  planDigest: z.string().optional(),
  planTitle: z.string().optional(),
  approvalsNeeded: z.number().int().optional(),
  expiresAt: z.iso.datetime().optional(),
  verdict: z.enum(['approve', 'reject', 'hold', 'unhold']).optional(),
  breakGlass: z.boolean().optional(),
  reason: z.string().optional(),
  /** Of `voided`: what had changed. */
  changed: z.array(z.string()).optional(),
  step: z.string().optional(),
  /** Of a step: ok, warn, failed, skipped. */
  result: z.string().optional(),
  detail: z.string().optional(),
  artifact: z.string().optional(),
  /** Of `ended`. */
  outcome: z.string().optional(),
  summary: z.string().optional(),
});
export type AuditLine = z.infer<typeof AuditLine>;

type Own = Partial<Omit<AuditLine, 'schemaVersion' | 'run' | 'seq' | 'at' | 'event' | 'cluster' | 'command' | 'risk'>>;

/** What an event says to an auditor; undefined for progress counts, which say nothing that its step does not. */
export function auditLine(request: Requested, seq: number, event: RunEvent): AuditLine | undefined {
  if (event.type === 'counted') return undefined;
  const { run, cluster, command, risk, by } = request;
  const head = { schemaVersion: 1 as const, run, seq, at: event.at, event: event.type, cluster, command, risk };
  const attempt = 'attempt' in event ? { attempt: event.attempt } : {};
  return redacted({ ...head, requestedBy: by.user, ...attempt, ...own(event) });
}

function own(event: Exclude<RunEvent, { type: 'counted' }>): Own {
  switch (event.type) {
    case 'requested':
      return { actor: event.by, typed: event.text, ...whence(event.origin), ...reasonIn(event.args) };
    case 'planned':
      return {
        planDigest: event.digest,
        ...titleOf(event.plan),
        approvalsNeeded: event.approvals,
        expiresAt: event.expiresAt,
      };
    case 'voted':
      return {
        actor: event.by,
        planDigest: event.digest,
        verdict: event.verdict,
        ...given({ reason: event.reason, breakGlass: event.breakGlass }),
      };
    case 'approved':
    case 'applying':
      return { planDigest: event.digest };
    case 'voided':
      return { changed: event.changed };
    case 'started':
      return { worker: event.worker };
    case 'step-started':
      return { step: event.step, detail: event.title };
    case 'step-ended':
      return { step: event.step, result: event.result, ...given({ detail: event.detail }) };
    case 'artifact':
      return { artifact: event.name, detail: event.title };
    case 'handed-back':
      return { detail: event.why };
    case 'cancel-requested':
      return { actor: event.by, ...given({ reason: event.reason }) };
    case 'ended':
      return ending(event.outcome);
    default:
      throw new Error(`unhandled event ${JSON.stringify(event satisfies never)}`);
  }
}

function whence(origin: Requested['origin']): Own {
  if (origin.type === 'slack') return { via: origin.via, channel: origin.channel };
  return origin.type === 'schedule' ? { via: 'schedule', channel: origin.channel } : { via: 'terminal' };
}

function reasonIn(args: unknown): Own {
  const reason = typeof args === 'object' && args !== null && 'reason' in args ? args.reason : undefined;
  return typeof reason === 'string' ? { reason } : {};
}

function titleOf(plan: unknown): Own {
  const parsed = Plan.safeParse(plan);
  return parsed.success ? { planTitle: parsed.data.title } : {};
}

function ending(outcome: Outcome): Own {
  const { type } = outcome;
  const headline = 'report' in outcome ? outcome.report?.headline : undefined;
  switch (type) {
    case 'succeeded':
      return { outcome: type, summary: outcome.report.headline };
    case 'failed':
      return { outcome: type, ...given({ summary: headline }), detail: `${outcome.code}: ${outcome.message}` };
    case 'refused':
    case 'rolled-back':
      return { outcome: type, ...given({ summary: headline }), reason: outcome.reason };
    case 'rejected':
    case 'cancelled':
      return { outcome: type, actor: outcome.by, ...given({ reason: outcome.reason }) };
    case 'unknown':
      return { outcome: type, summary: `last proven: ${outcome.lastProven}`, detail: outcome.why };
    case 'timed-out':
      return { outcome: type, ...given({ detail: outcome.lastStep }) };
    case 'expired':
      return { outcome: type };
    default:
      throw new Error(`unhandled outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}

/** Without what is undefined: an absent field and an empty one are one thing. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** People type and clusters answer what they like: what looks like a token is cut out of every text. */
function redacted(line: AuditLine): AuditLine {
  return AuditLine.parse(JSON.parse(withoutSecrets(JSON.stringify(line))));
}
