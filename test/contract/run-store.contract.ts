import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { RunStore, State } from '../../src/core/ports/ports.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { fold, follow } from '../../src/core/run/run.ts';
import { AT, anEvent, aRunId } from '../support/run-events.ts';

export type OpenedState = { readonly state: State; readonly close: () => Promise<void> };

export type ContractOptions = {
  /** Runs of the property test: fewer where every append costs an fsync. */
  readonly numRuns: number;
};

/** What every state store promises, fake and real alike. */
export function runStoreContract(name: string, open: () => Promise<OpenedState>, { numRuns }: ContractOptions): void {
  describe(`run store: ${name}`, () => {
    let opened: OpenedState;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened.close();
    });
    appending(() => opened.state.runs);
    concurrency(() => opened.state.runs, numRuns);
    listing(() => opened.state.runs);
    pruning(() => opened.state);
    keeping(() => opened.state.blobs);
    counting(() => opened.state.budget);
    paging(() => opened.state.runs);
  });
}

function appending(runs: () => RunStore): void {
  it('takes events in order and hands them out as they were', async () => {
    const run = aRunId();
    const events = [
      anEvent('requested', { run, args: { deep: [1, { b: null }], text: '😀\u0000' } }),
      anEvent('started'),
    ];

    const first = await runs().append(run, 0, events[0] as RunEvent);
    const second = await runs().append(run, 1, events[1] as RunEvent);

    expect([first, second]).toEqual([
      { ok: true, seq: 1 },
      { ok: true, seq: 2 },
    ]);
    expect(await runs().read(run, 0)).toEqual(events);
    expect(await runs().read(run, 1)).toEqual(events.slice(1));
    expect(await runs().read(run, 2)).toEqual([]);
  });

  it.each([
    { when: 'somebody was first', afterSeq: 1 },
    { when: 'the run is begun twice', afterSeq: 0 },
    { when: 'an event before it is missing', afterSeq: 3 },
  ])('refuses an event when $when, and says how many there are', async ({ afterSeq }) => {
    const run = aRunId();
    await runs().append(run, 0, anEvent('requested', { run }));
    await runs().append(run, 1, anEvent('started'));

    expect(await runs().append(run, afterSeq, anEvent('cancel-requested'))).toEqual({ ok: false, last: 2 });
    expect(await runs().read(run, 0)).toHaveLength(2);
  });

  it('has no events of a run it does not know', async () => {
    expect(await runs().read(aRunId(), 0)).toEqual([]);
    expect(await runs().append(aRunId(), 1, anEvent('started'))).toEqual({ ok: false, last: 0 });
  });

  it('reads a run up to the first event that a newer version wrote, and lets nobody write over it', async () => {
    const run = aRunId();
    await runs().append(run, 0, anEvent('requested', { run }));
    // What a newer version would write is no RunEvent of this one.
    const future = { type: 'teleported', at: AT } as unknown as RunEvent;
    await runs().append(run, 1, future);
    await runs().append(run, 2, anEvent('started'));

    const known = await runs().read(run, 0);

    expect(known.map((event) => event.type)).toEqual(['requested']);
    expect(await runs().append(run, known.length, anEvent('started'))).toEqual({ ok: false, last: 3 });
  });
}

const kinds = fc.constantFrom<RunEvent['type'][]>(
  'requested',
  'planned',
  'voted',
  'approved',
  'voided',
  'started',
  'step-started',
  'counted',
  'step-ended',
  'artifact',
  'handed-back',
  'cancel-requested',
);
/** What one process wants to write, and how many turns it waits before each. */
const writer = fc.array(fc.record({ type: kinds, turns: fc.nat(4) }), { minLength: 1, maxLength: 6 });

function concurrency(runs: () => RunStore, numRuns: number): void {
  it('loses nothing and stays legal, whatever several writers do at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writer, { minLength: 2, maxLength: 5 }), async (writers) => {
        const run = aRunId();
        await runs().append(run, 0, anEvent('requested', { run }));

        const accepted = (await Promise.all(writers.map((wishes, who) => write(runs(), run, wishes, who)))).flat();

        const events = await runs().read(run, 0);
        expect(accepted.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(events.slice(1).map((_, at) => at + 2));
        for (const { seq, event } of accepted) expect(events[seq - 1]).toEqual(event);
        expect(fold(events)?.seq).toBe(events.length);
        // With one writer's wishes in its own order.
        for (const who of writers.keys()) {
          const seqs = accepted.filter((each) => each.who === who).map((each) => each.seq);
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        }
      }),
      { numRuns },
    );
  });
}

type Wish = { readonly type: RunEvent['type']; readonly turns: number };
type Accepted = { readonly who: number; readonly seq: number; readonly event: RunEvent };

async function write(runs: RunStore, run: RunId, wishes: readonly Wish[], who: number): Promise<readonly Accepted[]> {
  const accepted: Accepted[] = [];
  for (const { type, turns } of wishes) {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const written = await tryToWrite(runs, run, type);
    if (written !== undefined) accepted.push({ who, ...written });
  }
  return accepted;
}

/** Read, fold, decide, append; from the start when somebody was first. */
async function tryToWrite(runs: RunStore, run: RunId, type: RunEvent['type']) {
  for (;;) {
    const now = fold(await runs.read(run, 0));
    const attempt = (now?.attempt ?? 0) + (type === 'started' ? 1 : 0);
    const event = anEvent(type, 'attempt' in anEvent(type) ? { attempt: Math.max(1, attempt) } : {});
    if (now === undefined || !follow(now, event).ok) return undefined;
    const appended = await runs.append(run, now.seq, event);
    if (appended.ok) return { seq: appended.seq, event };
  }
}

function listing(runs: () => RunStore): void {
  it('lists runs by their last event, newest first', async () => {
    const [a, b, c] = [aRunId(), aRunId(), aRunId()];
    await runs().append(a, 0, anEvent('requested', { run: a, at: '2031-01-01T00:00:00.000Z' }));
    await runs().append(b, 0, anEvent('requested', { run: b, at: '2031-01-01T00:00:02.000Z' }));
    await runs().append(c, 0, anEvent('requested', { run: c, at: '2031-01-01T00:00:01.000Z' }));
    await runs().append(a, 1, anEvent('started', { at: '2031-01-01T00:00:03.000Z' }));

    const all = await runs().recent({ limit: 3 });
    const newer = await runs().recent({ limit: 10, changedSince: new Date('2031-01-01T00:00:02.000Z') });

    expect(all.map(({ run }) => run)).toEqual([a, b, c]);
    expect(all[0]?.changedAt).toEqual(new Date('2031-01-01T00:00:03.000Z'));
    expect(newer.map(({ run }) => run)).toEqual([a, b]);
    expect(await runs().recent({ limit: 1 })).toHaveLength(1);
  });
}

/** Of one moment, of the next, and one that is begun at the first and changes at the last. */
function paging(runs: () => RunStore): void {
  it('hands out all runs page by page, oldest first, each once, also those of one moment', async () => {
    const at = (ms: number): string => new Date(Date.UTC(2041, 0, 1) + ms).toISOString();
    const ids = Array.from({ length: 8 }, () => aRunId());
    for (const [n, run] of ids.entries())
      await runs().append(run, 0, anEvent('requested', { run, at: at(n < 6 ? 0 : n) }));
    const first = ids[0] as RunId;
    await runs().append(first, 1, anEvent('started', { at: at(9) }));

    const pages: RunId[][] = [];
    let after: Parameters<RunStore['changed']>[0]['after'] = { changedAt: new Date(at(0)) };
    for (;;) {
      const page = await runs().changed({ limit: 2, after });
      const last = page.at(-1);
      if (last === undefined) break;
      pages.push(page.map(({ run }) => run));
      after = last;
    }

    expect(pages.map((page) => page.length)).toEqual([2, 2, 2, 2]);
    expect(pages.flat()).toEqual([...ids.slice(1, 6).sort(), ids[6], ids[7], first]);
    expect(after.changedAt).toEqual(new Date(at(9)));
  });
}

function pruning(state: () => State): void {
  it('removes runs whose last event is older, with their blobs, and keeps the others', async () => {
    const { runs, blobs } = state();
    const [old, young] = [aRunId(), aRunId()];
    for (const run of [old, young]) {
      await runs.append(run, 0, anEvent('requested', { run, at: '2001-01-01T00:00:00.000Z' }));
      await blobs.put(`${run}/result.json`, Buffer.from('{}'));
    }
    await runs.append(young, 1, anEvent('started', { at: '2002-01-01T00:00:00.000Z' }));

    const removed = await runs.prune(new Date('2002-01-01T00:00:00.000Z'), 10);

    expect(removed).toBe(1);
    expect([await runs.read(old, 0), await blobs.get(`${old}/result.json`)]).toEqual([[], undefined]);
    expect(await runs.read(young, 0)).toHaveLength(2);
    expect(await blobs.get(`${young}/result.json`)).toBeDefined();
    expect(await runs.recent({ limit: 1_000 })).not.toContainEqual(expect.objectContaining({ run: old }));
    expect(await runs.append(old, 0, anEvent('requested', { run: old }))).toEqual({ ok: true, seq: 1 });
    await runs.prune(new Date('2003-01-01T00:00:00.000Z'), 10);
  });

  it('removes one run with its blobs, twice without harm, and no other', async () => {
    const { runs, blobs } = state();
    const [wanted, other] = [aRunId(), aRunId()];
    for (const run of [wanted, other]) {
      await runs.append(run, 0, anEvent('requested', { run }));
      await blobs.put(`${run}/result.json`, Buffer.from('{}'));
    }

    await runs.remove(wanted);
    await runs.remove(wanted);

    expect([await runs.read(wanted, 0), await blobs.get(`${wanted}/result.json`)]).toEqual([[], undefined]);
    expect(await runs.recent({ limit: 1_000 })).not.toContainEqual(expect.objectContaining({ run: wanted }));
    expect(await runs.append(wanted, 1, anEvent('started'))).toEqual({ ok: false, last: 0 });
    expect(await runs.read(other, 0)).toHaveLength(1);
    expect(await blobs.get(`${other}/result.json`)).toBeDefined();
    await runs.remove(other);
  });

  it('removes at most as many as it is told', async () => {
    const { runs } = state();
    for (const run of [aRunId(), aRunId(), aRunId()]) {
      await runs.append(run, 0, anEvent('requested', { run, at: '2001-01-01T00:00:00.000Z' }));
    }
    const older = new Date('2002-01-01T00:00:00.000Z');

    expect([await runs.prune(older, 2), await runs.prune(older, 2), await runs.prune(older, 2)]).toEqual([2, 1, 0]);
  });
}

function keeping(blobs: () => State['blobs']): void {
  it('keeps bytes as they are, and the last that were put', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await blobs().put('a/b', Buffer.from('before'));
    await blobs().put('a/b', all);

    expect(await blobs().get('a/b')).toEqual(all);
    expect(await blobs().get('a/other')).toBeUndefined();
  });

  it('forgets bytes when their time is over, and not before', async () => {
    await blobs().put('short', Buffer.from('x'), { ttlMs: 300 });
    await blobs().put('long', Buffer.from('x'), { ttlMs: 60_000 });
    expect(await blobs().get('short')).toBeDefined();

    await expect.poll(() => blobs().get('short'), { timeout: 5_000 }).toBeUndefined();
    expect(await blobs().get('long')).toBeDefined();
  });

  it('takes 1 MiB and refuses more', async () => {
    await blobs().put('full', new Uint8Array(1_048_576));
    await expect(blobs().put('over', new Uint8Array(1_048_577))).rejects.toMatchObject({ code: 'OutputTooLarge' });

    expect(await blobs().get('full')).toHaveLength(1_048_576);
    expect(await blobs().get('over')).toBeUndefined();
  });
}

function counting(budget: () => State['budget']): void {
  it('gives out at most the limit at once, to whoever asks', async () => {
    const key = aRunId();
    const takes = await Promise.all(Array.from({ length: 12 }, () => budget().take(key, 5, 60_000)));

    expect(takes.filter((take) => take.ok)).toHaveLength(5);
    for (const take of takes) if (!take.ok) expect(take.retryAfterMs).toBeGreaterThan(55_000);
    expect(await budget().take(aRunId(), 5, 60_000)).toEqual({ ok: true });
  });

  it('gives again after the time it names', async () => {
    const key = aRunId();
    await budget().take(key, 1, 200);
    const refused = await budget().take(key, 1, 200);
    expect(refused).toMatchObject({ ok: false });

    await sleep(refused.ok ? 0 : refused.retryAfterMs + 5);

    expect(await budget().take(key, 1, 200)).toEqual({ ok: true });
  });
}
