import { z } from 'zod';
import { type Actor, type Origin, UNVERIFIED } from '../actor.ts';
import { HOUR_MS, MINUTE_MS } from '../clock.ts';
import type { CommandCard } from '../grammar/command-card.ts';
import { ChannelId, ClusterName, GroupId, UserId } from '../ids.ts';
import { BenchLimits } from './bench-limits.ts';
import { isOpen, MaintenanceWindow } from './maintenance-window.ts';
import { windowWords } from './policy-words.ts';

/**
 * Who may ask for what and who must agree. The first rule that fits decides; where none fits, the answer is no.
 * Everything here is pure: members of groups are looked up by whoever asks.
 */
const Duration = z
  .string()
  .regex(/^[1-9]\d{0,4}[mh]$/, 'a duration looks like 30m or 2h')
  .describe('30m, 2h')
  .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('h') ? HOUR_MS : MINUTE_MS));

const People = z
  .strictObject({
    users: z.array(UserId).max(50).default([]).describe('ids of Slack users: U0123ABCD'),
    groups: z.array(GroupId).max(20).default([]).describe('ids of Slack user groups: S0123ABCD'),
  })
  .readonly();
export type People = z.infer<typeof People>;

const NOBODY: People = { users: [], groups: [] };

const Pattern = z.string().min(1).max(200).refine(isPattern, { error: 'not a regular expression' });

export const Rule = z
  .strictObject({
    clusters: z.array(ClusterName).min(1).optional().describe('Every cluster when left out'),
    commands: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Names as in `history --command`: enable-native-routing, rollback, restart-unmanaged, iperf. Every one when left out',
      ),
    risks: z
      .array(z.enum(['probe', 'change']))
      .min(1)
      .default(['change'])
      .describe('change: what asks for approval. probe: what makes and removes pods of its own (iperf)'),
    channels: z.array(ChannelId).min(1).optional().describe('Where it may be asked for; anywhere when left out'),
    request: z
      .union([z.literal('anyone'), People], { error: 'must be "anyone", or lists of users and groups' })
      .default('anyone')
      .describe('Who may ask'),
    approve: People.default(NOBODY).describe('Who may approve'),
    approvals: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(1)
      .describe('Distinct people who must approve. 0: whoever may ask needs nobody else'),
    selfApproval: z.boolean().default(false).describe('Whether the own approval of whoever asks counts'),
    expiresAfter: Duration.default(30 * MINUTE_MS).describe('How long a plan waits for approval: 30m, 2h'),
    reason: z
      .union([z.enum(['optional', 'required']), z.strictObject({ pattern: Pattern })], {
        error: 'must be "optional", "required", or a pattern that a reason has to match',
      })
      .default('optional')
      .describe('`required`, or what a reason must match: { pattern: "CHG-\\d+" }'),
    windows: z.array(MaintenanceWindow).min(1).max(20).optional().describe('Changes begin within these only'),
    outsideWindows: z
      .enum(['refuse', 'wait'])
      .default('refuse')
      .describe('refuse: it cannot be asked for outside. wait: it can be approved, and begins when the next one opens'),
    undoAlone: z
      .boolean()
      .default(true)
      .describe('Whoever asked for a change, or any one approver, may undo it alone for a day'),
    breakGlass: People.optional().describe(
      'May approve alone in an emergency, with a reason; every approver hears of it',
    ),
  })
  .refine((rule) => rule.approvals === 0 || rule.approve.users.length + rule.approve.groups.length > 0, {
    error: 'a rule that needs approvals must say who may approve',
    path: ['approve'],
  })
  .readonly();
export type Rule = z.infer<typeof Rule>;

export const Policy = z
  .strictObject({
    rules: z
      .array(Rule)
      .max(50)
      .default([])
      .describe('The first rule that fits decides; where none fits, the answer is no'),
    terminalChanges: z
      .boolean()
      .default(true)
      .describe('Changes with `cilium-chatops run`, by the own kubeconfig of whoever types'),
    benchmarks: BenchLimits.prefault({}).describe(
      'What a benchmark may take at most. Who may ask for one is a rule with the risk `probe`',
    ),
  })
  .readonly();
export type Policy = z.infer<typeof Policy>;

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

type Wanted = { readonly cluster: ClusterName; readonly command: string; readonly risk: CommandCard['risk'] };

export function ruleFor(policy: Policy, { cluster, command, risk }: Wanted): Rule | undefined {
  return policy.rules.find(
    (rule) =>
      (rule.clusters?.includes(cluster) ?? true) &&
      (rule.commands?.includes(command) ?? true) &&
      rule.risks.some((each) => each === risk),
  );
}

export type Asking = Wanted & {
  readonly by: Actor;
  readonly origin: Origin;
  readonly reason: string | undefined;
  readonly now: Date;
  /** Whether a person is among these; looked up by the caller. */
  readonly among: (people: People) => Promise<boolean>;
};

/** What somebody may do with a command on a cluster, before there is a reason and whatever the time. */
export type Standing =
  | { readonly type: 'free' }
  | { readonly type: 'may'; readonly rule: Rule }
  | { readonly type: 'not'; readonly because: 'elsewhere' | 'no-rule' | 'channel' | 'person'; readonly why: string };

/** `origin` undefined: wherever it may be asked for. @throws OpsError of `among` */
export async function standingOf(
  policy: Policy,
  asking: Omit<Asking, 'reason' | 'now' | 'origin'> & { readonly origin: Origin | undefined },
): Promise<Standing> {
  if (asking.by.external)
    return { type: 'not', because: 'elsewhere', why: 'people from other organisations cannot use this bot' };
  if (asking.risk === 'read') return { type: 'free' };
  if (asking.by.unverified) return { type: 'not', because: 'elsewhere', why: UNVERIFIED };
  const rule = ruleFor(policy, asking);
  if (!rule) {
    const why = `nobody is allowed to use "${asking.command}" on ${asking.cluster} yet: no policy allows it`;
    return { type: 'not', because: 'no-rule', why };
  }
  return (await refusedByPlace(rule, asking)) ?? { type: 'may', rule };
}

/** Why this person may not ask for this here and now, or undefined. @throws OpsError of `among` */
export async function refusalToRequest(policy: Policy, asking: Asking): Promise<string | undefined> {
  const standing = await standingOf(policy, asking);
  if (standing.type === 'free') return undefined;
  if (standing.type === 'not') return standing.why;
  const { rule } = standing;
  return refusedByReason(rule, asking.reason) ?? refusedByTime(rule, asking);
}

async function refusedByPlace(
  rule: Rule,
  { by, origin, among, command, cluster }: Parameters<typeof standingOf>[1],
): Promise<Extract<Standing, { type: 'not' }> | undefined> {
  if (origin?.type === 'slack' && rule.channels !== undefined && !rule.channels.includes(origin.channel))
    return { type: 'not', because: 'channel', why: `"${command}" on ${cluster} belongs into another channel` };
  if (rule.request === 'anyone' || rule.request.users.includes(by.user)) return undefined;
  if (await among(rule.request)) return undefined;
  const why = `you are not among those who may ask for "${command}" on ${cluster}`;
  return { type: 'not', because: 'person', why };
}

function refusedByReason({ reason: wanted }: Rule, reason: string | undefined): string | undefined {
  if (wanted === 'optional') return undefined;
  if (reason === undefined || reason.trim() === '') return 'it needs a reason: add --reason "…"';
  if (wanted === 'required' || new RegExp(wanted.pattern).test(reason)) return undefined;
  return `the reason must match ${wanted.pattern}`;
}

function refusedByTime(rule: Rule, { now, cluster }: Asking): string | undefined {
  if (rule.windows === undefined || rule.outsideWindows === 'wait' || isOpen(rule.windows, now)) return undefined;
  return `${cluster} is changed in its maintenance windows only: ${rule.windows.map(windowWords).join('; ')}`;
}
