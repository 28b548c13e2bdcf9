import type { Button } from '@slack/types';
import type { Report } from '../core/report.ts';
import type { Run } from '../core/run.ts';
import { attribution } from './attribution.ts';
import { cancelButton, nextButtons } from './buttons.ts';
import { cut } from './escape.ts';
import { type Line, linesBlock, timeMrkdwn, toFallback } from './lines.ts';
import { outcomeHead } from './outcome-head.ts';
import { type ReportParent, reportParent } from './report-parent.ts';
import { reportThread } from './report-thread.ts';
import { openHead } from './run-head.ts';
import { artifactReplies, lossReplies, progressReplies, type ThreadReply } from './run-thread.ts';
import { LIMITS, type MessageBlock, type SlackMessage, sizeOf } from './slack-message.ts';

export type RenderOptions = {
  /**
   * For how long things take. By default the time of the run's last event: a render that nothing caused then changes
   * nothing, and costs no edit.
   */
  readonly now?: Date;
  /** The caller can upload files: artifacts become replies of their own. Without it nothing points at them. */
  readonly uploads?: boolean;
};

export type RunMessages = {
  /** The state: edited in place. */
  readonly parent: SlackMessage;
  /** The record: each posted once under its key; only `editable` ones are ever edited. */
  readonly replies: readonly ThreadReply[];
};

/** Pure: the same run at the same time gives the same messages, so a bot that was down catches up by rendering. */
export function renderRun(run: Run, options: RenderOptions = {}): RunMessages {
  const now = options.now ?? new Date(run.lastEventAt);
  const before = [...lossReplies(run), ...progressReplies(run, now)];
  if (run.now.state !== 'ended') {
    const lines = openHead(run, now);
    return { parent: message(run, { lines, buttons: openButtons(run), asOf: undefined }), replies: before };
  }
  const head = outcomeHead(run, run.now.outcome);
  const after = options.uploads === true ? artifactReplies(run) : [];
  if (!head.report)
    return {
      parent: message(run, { lines: head.lines, buttons: [], asOf: undefined }),
      replies: [...before, ...after],
    };
  const { report } = head;
  const buttons = nextButtons(report.next);
  const asOf = asOfText(report);
  const frame = message(run, { lines: head.lines, buttons, asOf });
  const room = { headLines: head.lines.length, reserve: sizeOf(frame.blocks) };
  const body = reportParent(report, room);
  return {
    parent: message(run, { lines: head.lines, buttons, asOf, body }),
    replies: [...before, ...reportReplies(run, report, body), ...after],
  };
}

function asOfText(report: Report): string {
  return `read at ${timeMrkdwn(report.asOf, '{time_secs}')}`;
}

function openButtons(run: Run): readonly Button[] {
  if (run.cancel) return [];
  const effect =
    run.request.risk === 'read' ? 'It only reads; nothing was changed.' : 'It stops at the next safe point.';
  return [cancelButton(run.request.run, effect)];
}

type Parts = {
  readonly lines: readonly Line[];
  readonly buttons: readonly Button[];
  readonly asOf: string | undefined;
  readonly body?: ReportParent;
};

function message(run: Run, { lines, buttons, asOf, body }: Parts): SlackMessage {
  const from = attribution(run, asOf === undefined ? [] : [asOf]);
  const blocks: MessageBlock[] = [
    linesBlock(lines),
    ...(body?.blocks ?? []),
    ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: buttons.slice(0, LIMITS.actions) }]),
    from.block,
  ];
  return { text: words([...lines.map(toFallback), ...(body?.fallback ?? [])], from.fallback), blocks };
}

function reportReplies(run: Run, report: Report, body: ReportParent): readonly ThreadReply[] {
  const from = attribution(run);
  return reportThread(report, body.cut).map((each, at) => ({
    key: `report-${at + 1}`,
    editable: false,
    message: { text: words(each.fallback, from.fallback), blocks: [...each.blocks, from.block] },
  }));
}

/** The attribution always stays; what is too long loses its end. */
function words(lines: readonly string[], from: string): string {
  return `${cut(lines.join('\n'), LIMITS.text - from.length - 1)}\n${from}`;
}
