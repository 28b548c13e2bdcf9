import type { Run } from '../core/run/run.ts';
import { attribution } from './attribution.ts';
import { cut, cutLines, mrkdwn } from './escape.ts';
import { bold, type Line, linesBlock, text, time, toFallback } from './lines.ts';
import { bytes, duration } from './numbers.ts';
import { LIMITS, type SlackMessage } from './slack-message.ts';
import { stepLines } from './step-lines.ts';

export type ThreadReply = { readonly key: string; readonly message: SlackMessage; readonly editable: boolean };

/** The record of more steps than this would not fit in one message. */
const STEPS_RECORDED = 10;

/**
 * What became of earlier attempts. Posted once, so it says only what stays true. An attempt that was handed back on
 * purpose and one that was lost look the same to the reader: another worker goes on.
 */
export function lossReplies(run: Run): readonly ThreadReply[] {
  return run.losses.map((loss) => ({
    key: `loss-${loss.attempt}`,
    editable: false,
    message: simple(run, [
      [
        text('⚠️ '),
        bold(`Attempt ${loss.attempt} ended early`),
        text(' · known at '),
        time(loss.at, '{time_secs}'),
        text(`, ${duration(Date.parse(loss.at) - Date.parse(loss.startedAt))} after it began`),
      ],
      [text(`Worker ${loss.worker}: ${loss.why}. The run goes on with attempt ${loss.attempt + 1}.`, 400)],
    ]),
  }));
}

/**
 * The steps, the one reply that is edited: while they run, and a last time when they ended. A reading run that goes
 * well is over in seconds and its parent shows the steps, so it gets none and spends no edits on it.
 */
export function progressReplies(run: Run, now: Date): readonly ThreadReply[] {
  const failed = run.now.state === 'ended' && run.now.outcome.type !== 'succeeded';
  // Planning is such a reading too: its steps are gone when the plan is there, and could not be told to their end.
  const reads = run.request.risk === 'read' || (run.request.risk === 'change' && run.applying === undefined);
  if (run.steps.length === 0 || (reads && !failed && run.losses.length === 0)) return [];
  const title = run.now.state === 'ended' ? 'Steps' : 'Steps so far';
  const lines: readonly Line[] = [
    [bold(title), text(run.losses.length > 0 ? ` · attempt ${run.attempt}` : '')],
    ...stepLines(run.steps, now, STEPS_RECORDED),
  ];
  return [{ key: 'progress', editable: true, message: simple(run, lines) }];
}

export function artifactReplies(run: Run): readonly ThreadReply[] {
  return run.artifacts.map((artifact) => {
    const lines: readonly Line[] = [[bold(artifact.title), text(` · ${artifact.name} · ${bytes(artifact.sizeBytes)}`)]];
    const { name, title, mimetype, key, altText } = artifact;
    const picture = altText === undefined ? {} : { altText, instead: cut(mrkdwn(`What it shows: ${altText}`), 1_500) };
    const file = { name, title, mimetype, key, ...picture };
    return { key: `artifact-${name}`, editable: false, message: { ...simple(run, lines), files: [file] } };
  });
}

export function simple(run: Run, lines: readonly Line[]): SlackMessage {
  const from = attribution(run);
  return {
    text: `${cutLines(lines.map(toFallback), LIMITS.text - from.fallback.length - 1)}\n${from.fallback}`,
    blocks: [linesBlock(lines), from.block],
  };
}
