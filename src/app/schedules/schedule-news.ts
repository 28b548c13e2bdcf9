import { HOUR_MS } from '../../core/clock.ts';
import type { ScheduleName } from '../../core/policy/schedule.ts';
import type { State } from '../../core/ports/ports.ts';
import type { News } from '../../core/run/news.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import type { Mark } from '../../core/run/report.ts';
import type { Run, RunState } from '../../core/run/run.ts';
import { differenceOf, type Item, signatureOf } from '../../core/run/signature.ts';
import { loadNews, loadWatch, saveNews, saveWatch, type Watch } from './schedule-state.ts';

/** What flaps is said so often, and then not until it is quieter: the next message compares with the last one. */
const CHANGES_PER_HOUR = 6;

type Ended = Extract<RunState, { state: 'ended' }>;
type Looked = {
  readonly run: Run;
  readonly ended: Ended;
  readonly watch: Watch | undefined;
  readonly kept: News | undefined;
};

/**
 * Why this scheduled run is to be shown; undefined when it is not. The first look at a run that has ended decides that
 * and keeps it, so a repeated look says the same. One run of a schedule is looked at at a time: the next one starts
 * only afterwards. @throws OpsError of the store
 */
export async function newsOf(state: State, run: Run): Promise<News | undefined> {
  const { origin, run: id, at } = run.request;
  if (origin.type !== 'schedule') return undefined;
  const kept = await loadNews(state.blobs, id);
  if (run.now.state !== 'ended') return kept;
  const watch = await loadWatch(state.blobs, origin.schedule);
  if (watch !== undefined && watch.requestedAt >= at) return kept;
  return look(state, origin, { run, ended: run.now, watch, kept });
}

type Origin = { readonly schedule: ScheduleName; readonly rhythm: string };

async function look(state: State, { schedule, rhythm }: Origin, looked: Looked): Promise<News | undefined> {
  const { run, ended, watch } = looked;
  const { run: id, at: requestedAt } = run.request;
  const { items, ...said } = await decided(state, schedule, looked);
  const news = said.news && { schedule, rhythm, ...said.news };
  // In this order: after a crash in between, the next look comes to the same.
  if (news !== undefined) await saveNews(state.blobs, id, news);
  const changedAt = said.changed ? ended.endedAt : watch?.changedAt;
  await saveWatch(state.blobs, schedule, {
    run: id,
    requestedAt,
    seenAt: ended.endedAt,
    ...headOf(ended.outcome),
    items,
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(news === undefined ? { unsaid: id } : {}),
  });
  // A hundred looks a day at which nothing happened would bury what people asked for.
  if (watch?.unsaid !== undefined) await state.runs.remove(watch.unsaid);
  return news;
}

type Decided = {
  readonly items: readonly Item[];
  readonly news?: Omit<News, 'schedule' | 'rhythm'>;
  readonly changed?: boolean;
};

async function decided(state: State, name: ScheduleName, { ended, watch, kept }: Looked): Promise<Decided> {
  const signature = signatureOf(ended.outcome);
  if (watch === undefined)
    return { items: differenceOf([], signature).now, news: { kind: 'first', added: [], gone: [] } };
  const since = watch.seenAt;
  const late = kept === undefined ? {} : { news: { kind: 'late' as const, since, added: [], gone: [] } };
  // Somebody stopped it: nothing was seen.
  if (ended.outcome.type === 'cancelled') return { items: watch.items, ...late };
  const { added, gone, now } = differenceOf(watch.items, signature);
  if (added.length + gone.length === 0) return { items: now, ...late };
  const quiet = kept === undefined && !(await state.budget.take(`schedule:${name}`, CHANGES_PER_HOUR, HOUR_MS)).ok;
  if (quiet) return { items: watch.items };
  return { items: now, changed: true, news: { kind: 'changed', since, added: texts(added), gone: texts(gone) } };
}

function texts(items: readonly Item[]): readonly string[] {
  return items.map(({ text }) => text);
}

/** For lists of schedules. */
function headOf(outcome: Outcome): { readonly mark: Mark; readonly headline: string } {
  const report = 'report' in outcome ? outcome.report : undefined;
  if (report !== undefined) return { mark: report.mark, headline: report.headline };
  if (outcome.type === 'failed') return { mark: 'fail', headline: outcome.message };
  return { mark: 'unknown', headline: `it ${outcome.type.replace('-', ' ')}` };
}
