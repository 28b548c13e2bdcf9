import { z } from 'zod';
import { type Clock, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/clock.ts';
import { within } from '../../core/deadline.ts';
import { CheckGroup } from '../../core/doctoring.ts';
import { ClusterName } from '../../core/ids.ts';
import type { BlobStore, Log } from '../../core/ports/ports.ts';

/**
 * Every bot and worker leaves word in the store that it is there, what it serves, and what it found out about itself:
 * a worker cannot ask Slack, and nobody can ask a process that is gone. One blob for all, because blobs cannot be
 * listed. It is read, changed and written without a lock; whoever lost such a race finds out and writes again.
 */
export const Presence = z
  .object({
    /** Host and process id. */
    process: z.string().max(120),
    role: z.enum(['all', 'bot', 'worker']),
    startedAt: z.string(),
    /** When it last left word. */
    at: z.string(),
    /** Clusters a worker takes runs of. */
    serves: z.array(ClusterName).max(50).readonly(),
    config: z.object({
      file: z.string().optional(),
      loadedAt: z.string(),
      error: z.object({ at: z.string(), message: z.string().max(2_000) }).optional(),
    }),
    /** What a bot found out with its own token, and when. */
    slack: z.object({ at: z.string(), groups: z.array(CheckGroup).max(4).readonly() }).optional(),
  })
  .readonly();
export type Presence = z.infer<typeof Presence>;

const KEY = 'doctor/processes';
const Kept = z.array(z.unknown()).max(200);

const BEAT_MS = 30 * SECOND_MS;
const EXAMINE_MS = 5 * MINUTE_MS;
/** Two beats may be missed. */
export const SILENT_MS = 100 * SECOND_MS;
/** So long one that fell silent is named; whoever stops properly takes itself off. */
const FORGOTTEN_MS = HOUR_MS;
const TRIES = 3;

/** @throws OpsError StoreUnavailable */
export async function readPresence(blobs: BlobStore, now: Date): Promise<readonly Presence[]> {
  const bytes = await blobs.get(KEY);
  if (bytes === undefined) return [];
  const kept = Kept.safeParse(parseJson(new TextDecoder().decode(bytes)));
  // What another version has written is not understood, and left out.
  const known = (kept.data ?? []).flatMap((each) => Presence.safeParse(each).data ?? []);
  return known.filter(({ at }) => now.getTime() - Date.parse(at) < FORGOTTEN_MS);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type PresenceDeps = {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly describe: () => Omit<Presence, 'at' | 'slack'>;
  /** What only a bot can ask. Never rejects. */
  readonly examineSlack?: () => Promise<readonly CheckGroup[]>;
};

export type OwnPresence = {
  /** Looks again and leaves word; gives up after `limitMs`, because somebody waits. */
  readonly refresh: (limitMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Leaves word at once and then every half minute. */
export function keepPresence(deps: PresenceDeps): OwnPresence {
  const { clock, log } = deps;
  const stopped = new AbortController();
  let slack: Presence['slack'];

  async function examine(): Promise<void> {
    const groups = await deps.examineSlack?.();
    if (groups !== undefined) slack = { at: clock.now().toISOString(), groups };
  }

  async function beat(): Promise<void> {
    const examinedMs = slack === undefined ? Number.NEGATIVE_INFINITY : Date.parse(slack.at);
    if (clock.now().getTime() - examinedMs >= EXAMINE_MS) await examine();
    await leaveWord(deps, slack);
  }

  async function keep(): Promise<void> {
    while (!stopped.signal.aborted) {
      await beat().catch((thrown: unknown) => log.debug({ err: thrown }, 'presence not kept'));
      await clock.sleep(BEAT_MS, stopped.signal).catch(() => undefined);
    }
  }

  const keeping = keep();
  return {
    refresh: (limitMs) =>
      within(
        limitMs,
        examine().then(() => leaveWord(deps, slack)),
      ).catch((thrown: unknown) => log.debug({ err: thrown }, 'presence not refreshed in time')),
    stop: async () => {
      stopped.abort();
      await keeping;
      const { process } = deps.describe();
      await change(deps, (others) => others.filter((each) => each.process !== process)).catch(() => undefined);
    },
  };
}

async function leaveWord(deps: PresenceDeps, slack: Presence['slack']): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const at = deps.clock.now().toISOString();
    const own = { ...deps.describe(), at, ...(slack === undefined ? {} : { slack }) };
    await change(deps, (others) => [...others.filter((each) => each.process !== own.process), own]);
    const kept = await readPresence(deps.blobs, deps.clock.now());
    if (kept.some((each) => each.process === own.process && each.at === at)) return;
  }
}

async function change(
  { blobs, clock }: PresenceDeps,
  to: (known: readonly Presence[]) => readonly Presence[],
): Promise<void> {
  const next = to(await readPresence(blobs, clock.now()));
  await blobs.put(KEY, new TextEncoder().encode(JSON.stringify(next)), { ttlMs: FORGOTTEN_MS });
}
