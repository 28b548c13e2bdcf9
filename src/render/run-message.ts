import type { Button } from '@slack/types';
import type { Freeze } from '../core/policy/freeze.ts';
import type { News } from '../core/run/news.ts';
import type { NextStep, Report } from '../core/run/report.ts';
import { isResultFile } from '../core/run/result-file.ts';
import type { Run } from '../core/run/run.ts';
import { approversOf, decide } from '../core/run/votes.ts';
import { approvalReplies, type DirectMessage, directsOf, outcomeReplies } from './approval-messages.ts';
import { attribution } from './attribution.ts';
import { cancelButton, cardButtons, nextButtons } from './buttons.ts';
import { cutLines } from './escape.ts';
import { type Line, linesBlock, personMrkdwn, shortened, timeMrkdwn, toFallback } from './lines.ts';
import { markNew, newsLines } from './news-lines.ts';
import { duration } from './numbers.ts';
import { outcomeHead } from './outcome-head.ts';
import { titleOf } from './plan-card.ts';
import { factLines, type ReportParent, reportParent } from './report-parent.ts';
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
  /** A freeze of the run's cluster: stands on a card that waits. */
  readonly frozen?: Freeze | undefined;
  /** Of a scheduled run: why it is shown. */
  readonly news?: News | undefined;
};

export type RunMessages = {
  /** The state: edited in place. */
  readonly parent: SlackMessage;
  /** The record: each posted once under its key; only `editable` ones are ever edited. */
  readonly replies: readonly ThreadReply[];
  /** To one person each, outside of the channel; each is sent once under its key. */
  readonly directs: readonly DirectMessage[];
};

/** Pure: the same run at the same time gives the same messages, so a bot that was down catches up by rendering. */
export function renderRun(run: Run, options: RenderOptions = {}): RunMessages {
  const now = options.now ?? new Date(run.lastEventAt);
  const files = options.uploads === true ? artifactReplies(run) : [];
  const before = [...lossReplies(run), ...approvalReplies(run), ...progressReplies(run, now)];
  if (run.now.state !== 'ended') {
    const lines = withNews(openHead(run, now, options), newsLines(options.news, false));
    const parent = message(run, { lines, buttons: openButtons(run, now), notes: [] });
    // What a plan says in bulk is there to be read before anybody agrees.
    return { parent, replies: [...before, ...(run.plan === undefined ? [] : files)], directs: directsOf(run) };
  }
  return ended(run, { before, after: files, news: options.news });
}

type Ending = {
  readonly before: readonly ThreadReply[];
  readonly after: readonly ThreadReply[];
  readonly news: News | undefined;
};

function ended(run: Run, { before, after, news }: Ending): RunMessages {
  if (run.now.state !== 'ended') throw new Error('the run has not ended');
  const { lines: head, report } = outcomeHead(run, run.now.outcome);
  const approvers = run.applying === undefined ? [] : approvedBy(run);
  const took = `took ${duration(Date.parse(run.now.endedAt) - Date.parse(run.request.at))}`;
  const directs = directsOf(run);
  const told = outcomeReplies(run);
  if (!report) {
    const lines = withNews(head, newsLines(news, true));
    const parent = message(run, { lines, buttons: [], notes: [...approvers, took] });
    return { parent, replies: [...before, ...told, ...after], directs };
  }
  const notes = [...approvers, took, `read at ${timeMrkdwn(report.asOf, '{time_secs}')}`];
  const shown = markNew(news, report);
  const lines = [...withNews(head, newsLines(shown.news, true)), ...factLines(report)];
  // A change is what it is about: the state of everything else is in its thread.
  const above = { lines, notes, short: news?.kind === 'changed' };
  const { parent, body } = reportMessage(run, shown.report, above);
  return { parent, replies: [...before, ...reportReplies(run, shown.report, body), ...told, ...after], directs };
}

/** What, where and how bad comes first; then what is new about it. */
function withNews(head: readonly Line[], news: readonly Line[]): readonly Line[] {
  return [...head.slice(0, 1), ...news, ...head.slice(1)];
}

/** The whole result is one press away, and not in everybody's thread. */
function rawResult(run: Run): readonly NextStep[] {
  const kept = run.artifacts.some((artifact) => isResultFile(artifact.name));
  return kept ? [{ label: 'Raw JSON', command: `show ${run.request.run} --json` }] : [];
}

/** A headline and its facts get shorter only when a report of hostile size leaves no other way. */
function reportMessage(
  run: Run,
  report: Report,
  above: { readonly lines: readonly Line[]; readonly notes: readonly string[]; readonly short: boolean },
): { readonly parent: SlackMessage; readonly body: ReportParent } {
  const buttons = nextButtons([...report.next, ...rawResult(run)]);
  for (let max = 1_000; ; max = Math.floor(max / 2)) {
    const parts = { notes: above.notes, lines: shortened(above.lines, max), buttons };
    const reserve = sizeOf(message(run, parts).blocks);
    const body = reportParent(report, { lines: above.lines.length, reserve, short: above.short });
    const parent = message(run, { ...parts, body });
    if (sizeOf(parent.blocks) <= LIMITS.blocksJson || max < 50) return { parent, body };
  }
}

function approvedBy(run: Run): readonly string[] {
  if (run.plan === undefined) return [];
  const given = approversOf(run.plan, run.request.by.user, run.votes);
  const people = run.votes.filter((vote) => vote.verdict === 'approve' && given.includes(vote.by.user));
  const names = [...new Set(people.map((vote) => personMrkdwn(vote.by)))];
  return names.length === 0 ? [] : [`approved by ${names.join(', ')}`];
}

function openButtons(run: Run, now: Date): readonly Button[] {
  if (run.cancel) return [];
  return [...votingButtons(run, now), cancelButton(run.request.run, cancelEffect(run))];
}

function votingButtons(run: Run, now: Date): readonly Button[] {
  if (run.now.state !== 'awaiting-approval') return [];
  const { plan } = run.now;
  const held = decide(plan, run.request.by.user, run.votes, now).type === 'hold';
  return cardButtons({ run: run.request.run, digest: plan.digest, title: titleOf(run), held });
}

function cancelEffect(run: Run): string {
  if (run.request.risk === 'read') return 'It only reads; nothing was changed.';
  if (run.request.risk === 'change' && !run.applying) return 'Nothing was changed yet, and nothing will be.';
  return run.request.risk === 'change'
    ? 'It stops at the next safe point, and undoes what it has done.'
    : 'It stops at the next safe point.';
}

type Parts = {
  readonly lines: readonly Line[];
  readonly buttons: readonly Button[];
  /** Ours or escaped already; behind who asked and when. */
  readonly notes: readonly string[];
  readonly body?: ReportParent;
};

function message(run: Run, { lines, buttons, notes, body }: Parts): SlackMessage {
  const from = attribution(run, notes);
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

/** Who asked always stays. */
function words(lines: readonly string[], from: string): string {
  return `${cutLines(lines, LIMITS.text - from.length - 1)}\n${from}`;
}
