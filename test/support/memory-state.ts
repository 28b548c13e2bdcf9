import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { State } from '../../src/core/ports/ports.ts';
import { RunEvent } from '../../src/core/run/events.ts';

type Blob = { readonly bytes: Uint8Array; readonly expiresAtMs: number };

const MAX_BLOB_BYTES = 1_048_576;

/** The state in this process: one fake for every test that needs a store. `now` decides about TTLs and budgets. */
export function createMemoryState(now: () => Date = () => new Date()): State {
  // As text, like the real ones: later changes to a caller's object do not reach it.
  const runs = new Map<RunId, readonly string[]>();
  const blobs = new Map<string, Blob>();
  const takes = new Map<string, readonly number[]>();
  const changedAt = (run: RunId): Date => new Date(JSON.parse(runs.get(run)?.at(-1) ?? '{"at":0}').at);

  return {
    runs: {
      append: async (run, afterSeq, event) => {
        const events = runs.get(run) ?? [];
        if (events.length !== afterSeq) return { ok: false, last: events.length };
        runs.set(run, [...events, JSON.stringify(event)]);
        return { ok: true, seq: afterSeq + 1 };
      },
      read: async (run, afterSeq) => readable((runs.get(run) ?? []).slice(afterSeq)),
      recent: async ({ limit, changedSince }) =>
        [...runs.keys()]
          .map((run) => ({ run, changedAt: changedAt(run) }))
          .filter((each) => changedSince === undefined || each.changedAt >= changedSince)
          .sort((a, b) => b.changedAt.getTime() - a.changedAt.getTime())
          .slice(0, limit),
      changed: async ({ limit, after }) =>
        [...runs.keys()]
          .map((run) => ({ run, changedAt: changedAt(run) }))
          .filter(({ run, changedAt: at }) => {
            const offMs = at.getTime() - after.changedAt.getTime();
            return offMs > 0 || (offMs === 0 && run > (after.run ?? ''));
          })
          .sort((a, b) => a.changedAt.getTime() - b.changedAt.getTime() || (a.run < b.run ? -1 : 1))
          .slice(0, limit),
      prune: async (olderThan, limit) => {
        const old = [...runs.keys()].filter((run) => changedAt(run) < olderThan).slice(0, limit);
        for (const run of old) {
          runs.delete(run);
          for (const key of blobs.keys()) if (key.startsWith(`${run}/`)) blobs.delete(key);
        }
        return old.length;
      },
      remove: async (run) => {
        runs.delete(run);
        for (const key of blobs.keys()) if (key.startsWith(`${run}/`)) blobs.delete(key);
      },
    },
    blobs: {
      put: async (key, bytes, options = {}) => {
        if (bytes.byteLength > MAX_BLOB_BYTES) throw new OpsError('OutputTooLarge', `${key} is too large`);
        blobs.set(key, { bytes: bytes.slice(), expiresAtMs: now().getTime() + (options.ttlMs ?? Infinity) });
      },
      get: async (key) => {
        const blob = blobs.get(key);
        return blob !== undefined && blob.expiresAtMs > now().getTime() ? blob.bytes.slice() : undefined;
      },
    },
    budget: {
      take: async (key, limit, windowMs) => {
        const nowMs = now().getTime();
        const recent = (takes.get(key) ?? []).filter((at) => at > nowMs - windowMs);
        const [oldest = nowMs] = recent;
        if (recent.length >= limit) return { ok: false, retryAfterMs: Math.max(1, oldest + windowMs - nowMs) };
        takes.set(key, [...recent, nowMs]);
        return { ok: true };
      },
    },
  };
}

/** Up to the first event that this version does not know. */
function readable(texts: readonly string[]): readonly RunEvent[] {
  const parsed = texts.map((text) => RunEvent.safeParse(JSON.parse(text)));
  const end = parsed.findIndex((each) => !each.success);
  return parsed.slice(0, end === -1 ? undefined : end).flatMap((each) => (each.success ? [each.data] : []));
}
