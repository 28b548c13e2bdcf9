import type { Freeze } from '../core/policy/freeze.ts';
import type { Check } from '../core/run/check.ts';
import { blocks as isBlocking } from '../core/run/check.ts';
import { Plan } from '../core/run/plan.ts';
import type { Run, RunState } from '../core/run/run.ts';
import { approversOf, decide, type Planned } from '../core/run/votes.ts';
import { truncate } from './escape.ts';
import { bold, type Line, type Span, text, time, who } from './lines.ts';
import { plural } from './numbers.ts';
import { subject } from './outcome-head.ts';

type Waiting = Extract<RunState, { state: 'awaiting-approval' }>;

/** A phone shows this many; the others are in the diff. */
const CHANGES_SHOWN = 6;
const WARNINGS_SHOWN = 4;

/** What is known beside the run: the cluster may be frozen. */
export type Around = { readonly frozen?: Freeze | undefined };

/** The approval card: verb, cluster, risk and effect come first (UX). */
export function cardLines(run: Run, state: Waiting, now: Date, { frozen }: Around): readonly Line[] {
  const plan = planOf(state.plan);
  return [
    [text('⏳ '), bold(titleOf(run, plan)), ...statusOf(run, state, now, frozen)],
    ...(plan === undefined ? [] : body(plan)),
    requestLine(run, state),
    ...voidedLines(run),
    ...holdLines(run, state, now),
    ...voteLines(run),
  ];
}

/** Votes are enough, and the worker looks once more before it begins. */
export function approvedLines(run: Run): readonly Line[] {
  const plan = run.plan && planOf(run.plan);
  const given = run.plan === undefined ? [] : approversOf(run.plan, run.request.by.user, run.votes);
  const needed = run.plan?.approvals ?? 0;
  const count = run.votes.some((vote) => vote.breakGlass === true)
    ? 'approved by one alone (break-glass)'
    : `approved, ${given.length} of ${needed}`;
  return [
    [text('⏳ '), bold(titleOf(run, plan)), text(` · ${count} · checking that nothing changed`)],
    ...voteLines(run),
  ];
}

export function planOf({ plan }: Pick<Planned, 'plan'>): Plan | undefined {
  const parsed = Plan.safeParse(plan);
  return parsed.success ? parsed.data : undefined;
}

/** `prod: switch to native routing`. */
export function titleOf(run: Run, plan = run.plan && planOf(run.plan)): string {
  return plan === undefined ? subject(run) : `${run.request.cluster}: ${plan.title}`;
}

function statusOf(run: Run, { plan }: Waiting, now: Date, frozen: Freeze | undefined): readonly Span[] {
  const given = approversOf(plan, run.request.by.user, run.votes).length;
  const expires: readonly Span[] = [text(' · expires '), time(plan.expiresAt)];
  if (frozen) {
    const what = frozen.everywhere ? ' · every cluster is frozen by ' : ' · frozen by ';
    return [text(what), who(frozen.by), text(' since '), time(frozen.at), ...because(frozen.reason), ...expires];
  }
  const decision = decide(plan, run.request.by.user, run.votes, now);
  if (decision.type === 'hold') {
    const [first] = decision.holds;
    return [text(' · held by '), ...(first ? [who(first.by), text(' since '), time(first.at)] : []), ...expires];
  }
  if (decision.type === 'wait-for-window')
    return [
      text(` · approved, ${given} of ${plan.approvals} · begins `),
      time(decision.opensAt, '{date_short_pretty} {time}'),
    ];
  return [text(` · needs ${plural(plan.approvals, 'approval')} · ${given} so far`), ...expires];
}

function because(reason: string | undefined): readonly Span[] {
  return reason === undefined ? [] : [text(`: ${reason}`, 200)];
}

function body(plan: Plan): readonly Line[] {
  return [
    ...plan.effect.map((line, at) => [text(at === 0 ? 'Effect: ' : ''), text(line, 400)]),
    changesLine(plan),
    ...checkLines(plan),
    [text('Way back: '), text(plan.wayBack, 400)],
  ];
}

function changesLine({ changes, words }: Plan): Line {
  if (changes.length === 0) return [text(words?.unchanged ?? 'Changes no settings', 120)];
  const shown = changes.slice(0, CHANGES_SHOWN).map(({ key, from, to }) => `${key} ${from} → ${to}`);
  const more = changes.length - shown.length;
  const rest = more === 0 ? '' : ` · ${more} more in the diff`;
  return [text(`Changes ${plural(changes.length, 'setting')}: `), text(`${shown.join(' · ')}${rest}`, 900)];
}

function checkLines({ checks, words }: Plan): readonly Line[] {
  if (checks.length === 0) return [];
  const of = (verdict: Check['verdict']) => checks.filter((check) => check.verdict === verdict && !check.accepted);
  const warnings = of('warn');
  const bad = checks.filter(isBlocking);
  const accepted = checks.filter((check) => check.accepted !== undefined);
  const names = warnings
    .slice(0, WARNINGS_SHOWN)
    .map((check) => truncate(check.evidence === '' ? check.title : check.evidence, 120));
  const counts = [
    `${of('pass').length} ok`,
    ...(warnings.length === 0 ? [] : [`${plural(warnings.length, 'warning')}: ${names.join('; ')}`]),
    ...(bad.length === 0 ? [] : [`${bad.length} failed or unknown: ${bad.map(seen).join(', ')}`]),
  ];
  return [
    [text(`${words?.checks ?? 'Preflight'} `, 21), text(counts.join(' · '), 600)],
    ...accepted.map((check) => [
      text(`⚠️ Accepted though ${check.verdict}: ${check.title}`, 200),
      text(`: ${check.accepted?.reason ?? ''}`, 300),
    ]),
  ];
}

/** Titles say how it should be (`Every pod is managed by Cilium`): a warning says what was seen. */
function seen({ evidence, title }: Check): string {
  return truncate(evidence === '' ? title : evidence, 120);
}

function requestLine(run: Run, { plan }: Waiting): Line {
  const reason = reasonOf(run);
  return [
    text('Requested by '),
    who(run.request.by),
    ...(reason === undefined ? [] : [text(`: "${reason}"`, 300)]),
    text(` · plan ${plan.digest.slice(0, 8)}`),
  ];
}

function reasonOf({ request: { args } }: Run): string | undefined {
  const reason = typeof args === 'object' && args !== null && 'reason' in args ? args.reason : undefined;
  return typeof reason === 'string' && reason !== '' ? reason : undefined;
}

/** Asked again because the world changed: what, before anybody agrees a second time. */
function voidedLines({ voided }: Run): readonly Line[] {
  if (!voided) return [];
  const what = voided.changed.slice(0, 5).join(' · ');
  return [[text('⚠️ '), bold('The earlier approval does not count'), text(`: since then ${what}`, 700)]];
}

function holdLines(run: Run, { plan }: Waiting, now: Date): readonly Line[] {
  const decision = decide(plan, run.request.by.user, run.votes, now);
  if (decision.type !== 'hold') return [];
  return [
    [
      text('⚠️ Nobody can approve it until the hold is released: ask '),
      ...list(decision.holds),
      text(', or release it as an approver'),
    ],
  ];
}

function list(votes: readonly { readonly by: Run['request']['by'] }[]): readonly Span[] {
  return votes.flatMap((vote, at) => [...(at === 0 ? [] : [text(', ')]), who(vote.by)]);
}

const VERDICT = { approve: 'approved', reject: 'rejected', hold: 'held it', unhold: 'released it' } as const;

/** Who and when, the last eight. */
export function voteLines({ votes }: Run): readonly Line[] {
  return votes.slice(-8).map(voteLine);
}

export function voteLine(vote: Run['votes'][number]): Line {
  return [
    who(vote.by),
    text(` ${VERDICT[vote.verdict]}${vote.breakGlass === true ? ' alone (break-glass)' : ''} at `),
    time(vote.at),
    ...because(vote.reason),
  ];
}
