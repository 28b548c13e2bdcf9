import type { Run, RunState } from '../core/run.ts';
import { bold, type Line, text, time, who } from './lines.ts';
import { clock, plural } from './numbers.ts';
import { subject } from './outcome-head.ts';
import { stepLines } from './step-lines.ts';

/** A phone shows about this many lines before the fold. */
const STEPS_SHOWN = 8;

/** The parent's lines while a run has not ended. */
export function openHead(run: Run, now: Date): readonly Line[] {
  const lost = lossLine(run);
  return [...stateLines(run, now), ...(lost === undefined ? [] : [lost]), ...cancelLines(run)];
}

function stateLines(run: Run, now: Date): readonly Line[] {
  const state = run.now;
  switch (state.state) {
    case 'queued':
      return [[text('⏳ '), bold(subject(run)), text(' · waiting for a worker')]];
    case 'approved':
      return [[text('⏳ '), bold(subject(run)), text(' · approved, waiting for a worker')], ...votes(state)];
    case 'awaiting-approval':
      return waiting(run, state);
    case 'running':
      return [
        [text('⏳ '), bold(subject(run)), text(` · running · ${clock(now.getTime() - Date.parse(state.startedAt))}`)],
        ...stepLines(run.steps, now, STEPS_SHOWN),
      ];
    case 'ended':
      return [];
    default:
      throw new Error(`unhandled state ${JSON.stringify(state satisfies never)}`);
  }
}

type Voting = Extract<RunState, { state: 'awaiting-approval' | 'approved' }>;

function waiting(run: Run, state: Voting): readonly Line[] {
  const { approvals, expiresAt, digest } = state.plan;
  const given = new Set(state.votes.filter((vote) => vote.verdict === 'approve').map((vote) => vote.by.user)).size;
  return [
    [
      text('⏳ '),
      bold(subject(run)),
      text(` · needs ${plural(approvals, 'approval')} · ${given} so far · expires `),
      time(expiresAt),
    ],
    [text(`Plan ${digest.slice(0, 12)}`)],
    ...votes(state),
  ];
}

const VERDICT = { approve: 'approved', reject: 'rejected', hold: 'holds', unhold: 'released' } as const;

function votes(state: Voting): readonly Line[] {
  return state.votes
    .slice(-5)
    .map((vote) => [
      who(vote.by),
      text(` ${VERDICT[vote.verdict]} at `),
      time(vote.at),
      ...(vote.reason === undefined ? [] : [text(`: ${vote.reason}`, 200)]),
    ]);
}

/** The thread has the whole story; the parent says why it takes longer. */
function lossLine(run: Run): Line | undefined {
  const last = run.losses.at(-1);
  if (!last) return undefined;
  const now =
    run.now.state === 'running' ? `attempt ${run.attempt} runs on ${run.now.worker}` : 'it waits for another worker';
  return [text(`⚠️ Attempt ${last.attempt} ended early: ${last.why} (${last.worker}); ${now}`, 400)];
}

function cancelLines(run: Run): readonly Line[] {
  if (!run.cancel) return [];
  return [
    [
      text('Cancel requested by '),
      who(run.cancel.by),
      text(' at '),
      time(run.cancel.at),
      text(run.now.state === 'running' ? ': stops at the next safe point' : ''),
    ],
    ...(run.cancel.reason === undefined ? [] : [[text(`Reason: ${run.cancel.reason}`, 300)]]),
  ];
}
