import type { Missing } from '../../src/cilium/facts/status-data.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ClusterPort, ListQuery, Log } from '../../src/core/ports/ports.ts';
import type { Resource } from '../../src/core/resources.ts';

/** One reading of a cluster: many parts side by side, each of which may fail without taking the others along. */
export type Reading = {
  readonly cluster: ClusterPort;
  readonly log: Log;
  /** The run's own signal: when it aborts, the whole reading ends. */
  readonly cancel: AbortSignal;
  /** `cancel`, or the time is up: then what was read so far is the answer. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly miss: (missing: Missing) => void;
};

/** The value, or undefined after noting what is missing and why. Rejects only when the run itself was cancelled. */
export async function part<Value>(
  reading: Reading,
  name: string,
  read: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await read();
  } catch (thrown: unknown) {
    reading.cancel.throwIfAborted();
    const reason = whyOf(reading, thrown);
    reading.log.debug({ err: thrown, part: name }, 'part of the reading failed');
    reading.miss({ part: name, ...reason });
    return undefined;
  }
}

export function whyOf(reading: Reading, thrown: unknown): { readonly why: string; readonly code: string } {
  if (reading.signal.aborted) return { why: OUT_OF_TIME, code: 'ClusterTimeout' };
  const error = toOpsError(thrown);
  return { why: error.message, code: error.code };
}

export const OUT_OF_TIME = 'no time left';

/** A body has 10 to 30 KiB, nodes with many images more: pages small enough to hold several at once. */
export const BODIES_PER_PAGE = 100;

/** All pages, each reduced to what `project` keeps before the next one is read: memory follows the result. */
export async function collect<Value>(
  { cluster, signal }: Pick<Reading, 'cluster' | 'signal'>,
  resource: Resource,
  query: ListQuery,
  project: (page: readonly unknown[]) => readonly Value[],
): Promise<readonly Value[]> {
  const found: Value[] = [];
  for await (const page of cluster.list(resource, query, signal)) {
    for (const value of project(page)) found.push(value);
  }
  return found;
}
