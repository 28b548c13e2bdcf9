import { z } from 'zod';
import { DAY_MS } from '../../core/clock.ts';
import { RunId } from '../../core/ids.ts';
import type { ScheduleName } from '../../core/policy/schedule.ts';
import type { BlobStore } from '../../core/ports/ports.ts';
import { News } from '../../core/run/news.ts';
import { Mark } from '../../core/run/report.ts';
import { Item } from '../../core/run/signature.ts';

/*
 * What is kept of a schedule, beside its runs:
 *
 * | key                    | written by   | says                                                      |
 * | schedule/<name>/tick   | the tick     | the run it started last                                   |
 * | schedule/<name>/watch  | the renderer | what was last seen, and what was last said                |
 * | <run>/news             | the renderer | why that run is shown; none: it is not                    |
 *
 * A tick starts nothing before the run of the one before it was looked at, so each of them has one writer.
 */
const Tick = z.object({ run: RunId, at: z.string() });
export type Tick = z.infer<typeof Tick>;

const Watch = z.object({
  /** The newest run that was looked at, when it was asked for and when it ended. */
  run: RunId,
  requestedAt: z.string(),
  seenAt: z.string(),
  mark: Mark,
  headline: z.string(),
  /** What was last said. */
  items: z.array(Item).readonly(),
  changedAt: z.string().optional(),
  /** `run`, when nothing was said about it: it goes when the next one has been looked at. */
  unsaid: RunId.optional(),
});
export type Watch = z.infer<typeof Watch>;

/** A schedule that has not run for so long begins anew. */
const KEPT_MS = 90 * DAY_MS;

const tickKey = (name: ScheduleName): string => `schedule/${name}/tick`;
const watchKey = (name: ScheduleName): string => `schedule/${name}/watch`;
const newsKey = (run: RunId): string => `${run}/news`;

export const loadTick = (blobs: BlobStore, name: ScheduleName) => load(blobs, tickKey(name), Tick);
export const loadWatch = (blobs: BlobStore, name: ScheduleName) => load(blobs, watchKey(name), Watch);
export const loadNews = (blobs: BlobStore, run: RunId) => load(blobs, newsKey(run), News);

export const saveTick = (blobs: BlobStore, name: ScheduleName, tick: Tick) => save(blobs, tickKey(name), tick);
export const saveWatch = (blobs: BlobStore, name: ScheduleName, watch: Watch) => save(blobs, watchKey(name), watch);
export const saveNews = (blobs: BlobStore, run: RunId, news: News) => save(blobs, newsKey(run), news);

/** What another version wrote, and this one cannot read, was never there: the schedule begins anew. */
async function load<T>(blobs: BlobStore, key: string, shape: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await blobs.get(key);
  if (bytes === undefined) return undefined;
  return shape.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
}

async function save(blobs: BlobStore, key: string, value: unknown): Promise<void> {
  await blobs.put(key, new TextEncoder().encode(JSON.stringify(value)), { ttlMs: KEPT_MS });
}
