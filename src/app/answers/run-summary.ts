import { type Reply, reply } from '../../core/replies/reply.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import type { Mark, Report } from '../../core/run/report.ts';
import type { Run } from '../../core/run/run.ts';

/** A run in a dozen lines: what its parent message says, for one person who asks later or elsewhere. */
export function summaryOf(run: Run, url: string | undefined): Reply {
  const asked = askedLines(run, url);
  if (run.now.state !== 'ended') return stillOpen(run, asked);
  const { mark, headline, lines, report } = ending(run, run.now.outcome);
  const findings = report?.findings.map((finding) => ({ text: `${WORD[finding.mark]}${finding.text}` })) ?? [];
  return reply(mark, headline, {
    lines: [
      ...lines.map((line) => ({ text: line })),
      ...(report?.facts ?? []).map((fact) => ({ text: fact })),
      ...findings,
      ...(report?.partial === undefined ? [] : [{ text: `Not everything could be read: ${report.partial}` }]),
      ...asked,
      { label: 'Ended', at: run.now.endedAt },
    ],
    next: (report?.next ?? []).slice(0, 5),
    people: peopleIn(run),
  });
}

type Lines = Reply['lines'];

/** Who asked for what and when, who agreed, and where the record is. */
function askedLines({ request, votes }: Run, url: string | undefined): Lines {
  const { run: id, cluster, at, by, text, command } = request;
  return [
    { label: `${id} on ${cluster}`, code: (text === '' ? command : text).slice(0, 300) },
    { label: 'Asked', at, text: `by ${by.user}`, ...(url === undefined ? {} : { url }) },
    ...votes.slice(-8).map((vote) => ({
      label: VOTED[vote.verdict],
      at: vote.at,
      text: `by ${vote.by.user}${vote.breakGlass === true ? ' alone (break-glass)' : ''}${vote.reason === undefined ? '' : `: ${vote.reason}`}`.slice(
        0,
        600,
      ),
    })),
  ];
}

const VOTED = { approve: 'Approved', reject: 'Rejected', hold: 'Held', unhold: 'Released' } as const;

function peopleIn({ request, votes }: Run): NonNullable<Reply['people']> {
  return { users: [...new Set([request.by.user, ...votes.map((vote) => vote.by.user)])].slice(0, 100), groups: [] };
}

const WORD: Readonly<Record<Mark, string>> = {
  ok: 'Fine: ',
  warn: 'Look at: ',
  fail: 'Broken: ',
  unknown: 'Unknown: ',
  running: '',
  none: '',
};

function stillOpen(run: Run, asked: Lines): Reply {
  const steps = run.steps.slice(-8).map((step) => ({
    text: `${step.title}: ${step.state}${step.count ? ` (${step.count.done} of ${step.count.total})` : ''}`,
  }));
  return reply('running', `${subject(run)} · ${STATE[run.now.state]}`, {
    lines: [...steps, ...asked],
    next: run.cancel ? [] : [{ label: 'Cancel', command: `cancel ${run.request.run}` }],
    people: peopleIn(run),
  });
}

const STATE: Readonly<Record<Run['now']['state'], string>> = {
  queued: 'waiting for a worker',
  'awaiting-approval': 'waiting for approval',
  approved: 'approved, waiting for a worker',
  running: 'running',
  ended: 'ended',
};

/** How a run stands, in a few words: what one line of a list has room for. */
export function glance(run: Run): { readonly mark: Mark; readonly words: string } {
  if (run.now.state !== 'ended') return { mark: 'running', words: STATE[run.now.state] };
  const { mark, headline } = ending(run, run.now.outcome);
  return { mark, words: headline };
}

type Ending = {
  readonly mark: Mark;
  readonly headline: string;
  readonly lines: readonly string[];
  readonly report?: Report | undefined;
};

function ending(run: Run, outcome: Outcome): Ending {
  const what = subject(run);
  switch (outcome.type) {
    case 'succeeded':
      return { mark: outcome.report.mark, headline: outcome.report.headline, lines: [], report: outcome.report };
    case 'failed':
      return {
        mark: 'fail',
        headline: outcome.report?.headline ?? `${what} failed`,
        lines: given([outcome.message, outcome.nextStep]),
        report: outcome.report,
      };
    case 'refused':
      return { mark: 'none', headline: `${what} was refused`, lines: given([outcome.reason, outcome.nextStep]) };
    case 'rejected':
    case 'cancelled':
      return { mark: 'none', headline: `${what} was ${outcome.type}`, lines: given([outcome.reason]) };
    case 'expired':
      return { mark: 'none', headline: `${what} expired before enough people approved it`, lines: [] };
    case 'timed-out':
      return {
        mark: 'warn',
        headline: `${what} timed out after ${Math.round(outcome.afterMs / 1_000)} s`,
        lines: given([outcome.lastStep]),
      };
    case 'rolled-back':
      return { mark: 'fail', headline: `${what} was undone`, lines: given([outcome.reason]), report: outcome.report };
    case 'unknown':
      return {
        mark: 'unknown',
        headline: `${run.request.cluster}: state unknown`,
        lines: given([`Last proven: ${outcome.lastProven}`, `Why: ${outcome.why}`]),
        report: outcome.report,
      };
    default:
      throw new Error(`unhandled outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}

function given(lines: readonly (string | undefined)[]): readonly string[] {
  return lines.filter((line) => line !== undefined);
}

function subject(run: Run): string {
  return `${run.request.cluster}: ${run.request.command.replaceAll('-', ' ')}`;
}
