import type { News } from '../core/run/news.ts';
import type { Report } from '../core/run/report.ts';
import { bold, type Line, text, time } from './lines.ts';

/** A phone shows no more, and the report stands below. */
const SHOWN = 6;

/** The findings that are new say so themselves, with their buttons; what is left of the news stands in its lines. */
export function markNew(
  news: News | undefined,
  report: Report,
): { readonly report: Report; readonly news: News | undefined } {
  if (news?.kind !== 'changed') return { report, news };
  const isNew = ({ text: said }: Report['findings'][number]) => news.added.some((added) => isSame(added, said));
  const findings = report.findings.map((each) => (isNew(each) ? { ...each, text: `New: ${each.text}` } : each));
  const added = news.added.filter((each) => !report.findings.some(({ text: said }) => isSame(each, said)));
  return { report: { ...report, findings }, news: { ...news, added } };
}

/** News are cut to a line. */
function isSame(added: string, said: string): boolean {
  return added.endsWith('…') ? said.startsWith(added.slice(0, -1)) : said === added;
}

/** What is new in a scheduled run, right under its headline. */
export function newsLines(news: News | undefined, hasEnded: boolean): readonly Line[] {
  if (news === undefined) return [];
  const { schedule, rhythm } = news;
  switch (news.kind) {
    case 'first':
      return [[text(`Watched from now on, ${rhythm} (schedule ${schedule}): only changes are said here`)]];
    case 'late':
      return hasEnded ? lateEnd(news) : lateSoFar(news);
    case 'changed':
      return [[bold('Changed'), ...sinceWords(news), text(` · schedule ${schedule}, ${rhythm}`)], ...changes(news)];
    default:
      throw new Error(`unhandled ${JSON.stringify(news.kind satisfies never)}`);
  }
}

function lateSoFar({ schedule, rhythm, since }: News): readonly Line[] {
  const known: Line =
    since === undefined ? [] : [text(': nothing is known since '), time(since, '{date_short_pretty} {time}')];
  return [
    [
      bold('Scheduled, and not done yet'),
      ...known,
      text(` · schedule ${schedule}, ${rhythm}; it is not started again`),
    ],
  ];
}

function lateEnd(news: News): readonly Line[] {
  return [
    [text('Scheduled, and done late; nothing changed'), ...sinceWords(news), text(` · schedule ${news.schedule}`)],
  ];
}

function sinceWords({ since }: News): Line {
  return since === undefined ? [] : [text(' since '), time(since, '{date_short_pretty} {time}')];
}

function changes({ added, gone }: News): readonly Line[] {
  const all = [...added.map((each) => `New: ${each}`), ...gone.map((each) => `No longer: ${each}`)];
  const rest = all.length - SHOWN;
  const shown = rest > 0 ? [...all.slice(0, SHOWN), `and ${rest} more`] : all;
  return shown.map((each) => [text(each, 160)]);
}
