import { hostname } from 'node:os';
import { keepPresence, type OwnPresence, readPresence } from '../app/doctor/doctor-presence.ts';
import { whoServes } from '../app/doctor/doctor-queue.ts';
import { takeResponseUrl } from '../app/publish/response-url.ts';
import { SECOND_MS } from '../core/clock.ts';
import { reply } from '../core/replies/reply.ts';
import type { Requested } from '../core/run/events.ts';
import { servedClusters } from '../settings/config.ts';
import type { SlackBot } from '../slack/slack-bot.ts';
import type { Parts } from './parts.ts';
import { systemClock } from './system-clock.ts';

/** A person waits, and Slack may be slow or away: then the last word has to do. */
const LOOK_MS = 2 * SECOND_MS;

type Bot = { readonly chat: Pick<SlackBot['chat'], 'whisper'> } & Pick<SlackBot, 'examine'>;

type DoctoringParts = Pick<Parts, 'log'> & {
  readonly env: Pick<Parts['env'], 'ROLE' | 'CLUSTERS'>;
  readonly live: Pick<Parts['live'], 'current' | 'state'>;
  readonly store: Pick<Parts['store'], 'state'>;
  readonly closers: Pick<Parts['closers'], 'add'>;
};

export type Doctoring = {
  /** For the bot: before a doctor's run is queued, this bot looks at Slack again. */
  readonly prepare: (requested: Requested) => Promise<void>;
  /** Leaves word in the store from now on, until the closers run. */
  readonly start: (bot: Bot | undefined) => void;
};

/** What a process does so that doctor finds it: it leaves word of itself, and of Slack when it is a bot. */
export function createDoctoring({ env, live, log, store, closers }: DoctoringParts): Doctoring {
  const startedAt = systemClock.now().toISOString();
  const { blobs } = store.state;
  let known: { readonly presence: OwnPresence; readonly bot: Bot | undefined } | undefined;

  const describe = () => ({
    process: `${hostname()}/${process.pid}`.slice(0, 120),
    role: env.ROLE,
    startedAt,
    serves: env.ROLE === 'bot' ? [] : servedClusters(env, live.current()).map(({ name }) => name),
    config: configState(),
  });

  function configState() {
    const { error, ...state } = live.state();
    return error === undefined ? state : { ...state, error: { ...error, message: error.message.slice(0, 1_000) } };
  }

  /** The run itself would wait with those it is about, so the person hears it from here. */
  async function tellWhenUnserved({ cluster, run }: Requested): Promise<void> {
    if (whoServes(cluster, await readPresence(blobs, systemClock.now()), systemClock.now()).length > 0) return;
    const url = await takeResponseUrl(blobs, run);
    if (url === undefined) return;
    const text = `Start one with CLUSTERS=${cluster}, or see why it stopped; ${run} begins as soon as there is one`;
    await known?.bot?.chat.whisper(
      url,
      reply('warn', `No worker serves ${cluster}: nothing runs there`, { lines: [{ text }] }),
    );
  }

  return {
    prepare: async (requested) => {
      if (requested.command !== 'doctor') return;
      await known?.presence.refresh(LOOK_MS);
      await tellWhenUnserved(requested).catch((thrown: unknown) => log.debug({ err: thrown }, 'not told'));
    },
    start: (bot) => {
      const asking = bot === undefined ? {} : { examineSlack: bot.examine };
      const presence = keepPresence({ blobs, clock: systemClock, log, describe, ...asking });
      known = { presence, bot };
      closers.add(presence.stop);
    },
  };
}
