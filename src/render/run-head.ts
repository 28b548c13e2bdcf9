import type { Run } from '../core/run/run.ts';
import { bold, type Line, text, time, who } from './lines.ts';
import { clock } from './numbers.ts';
import { subject } from './outcome-head.ts';
import { type Around, approvedLines, cardLines, titleOf } from './plan-card.ts';
import { stepLines } from './step-lines.ts';

/** A phone shows about this many lines before the fold. */
const STEPS_SHOWN = 8;

/** The parent's lines while a run has not ended. */
export function openHead(run: Run, now: Date, around: Around): readonly Line[] {
  const lost = lossLine(run);
  return [...stateLines(run, now, around), ...(lost === undefined ? [] : [lost]), ...cancelLines(run)];
}

function stateLines(run: Run, now: Date, around: Around): readonly Line[] {
  const state = run.now;
  switch (state.state) {
    case 'queued':
      return [[text('⏳ '), bold(subject(run)), text(' · waiting for a worker')]];
    case 'approved':
      return approvedLines(run);
    case 'awaiting-approval':
      return cardLines(run, state, now, around);
    case 'running':
      return [
        ...workingHead(run, now.getTime() - Date.parse(state.startedAt)),
        ...stepLines(run.steps, now, STEPS_SHOWN),
      ];
    case 'ended':
      return [];
    default:
      throw new Error(`unhandled state ${JSON.stringify(state satisfies never)}`);
  }
}

function workingHead(run: Run, sinceMs: number): readonly Line[] {
  if (run.request.risk === 'change' && !run.applying && run.approvedDigest !== undefined) return approvedLines(run);
  const doing = run.request.risk === 'change' && !run.applying ? 'planning' : 'running';
  return [[text('⏳ '), bold(titleOf(run)), text(` · ${doing} · ${clock(sinceMs)}`)]];
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
