import { WebClient, type WebClientOptions } from '@slack/web-api';
import { z } from 'zod';
import type { ChannelId, GroupId } from '../core/ids.ts';
import type { Log } from '../core/ports/ports.ts';
import { boltLogger } from './bolt-logger.ts';
import { platformCode } from './slack-errors.ts';

/** What Slack answered, or its error word; `undefined` as the error where nothing was answered at all. */
export type Said<T> = { readonly ok: true; readonly said: T } | { readonly ok: false; readonly error?: string };

export type ChannelSigns = { readonly name: string; readonly isMember: boolean; readonly isArchived: boolean };

export type SlackSigns = {
  readonly identity: Said<{ readonly bot: string; readonly team: string }>;
  readonly scopes?: readonly string[];
  readonly clock?: { readonly theirs: Date; readonly ours: Date };
  readonly tookMs: number;
  readonly upload: Said<unknown>;
  readonly channels: ReadonlyMap<ChannelId, Said<ChannelSigns>>;
  readonly groups: ReadonlyMap<GroupId, Said<readonly string[]>>;
};

export type SlackQuestions = {
  readonly channels: readonly ChannelId[];
  readonly groups: readonly GroupId[];
};

export type SlackDoor = {
  readonly botToken: string;
  readonly apiUrl: string | undefined;
  readonly log: Log;
  /** Counts the calls, in a bot. */
  readonly fetch?: NonNullable<WebClientOptions['fetch']>;
};

const CALL_LIMIT_MS = 1_500;

const Identity = z.object({ user: z.string().default('?'), team: z.string().default('?') });
const Channel = z.object({
  channel: z.object({
    name: z.string().default('?'),
    is_member: z.boolean().default(false),
    is_archived: z.boolean().default(false),
  }),
});
const Members = z.object({ users: z.array(z.string()).default([]) });

/**
 * Asks Slack, each question once and within its own deadline; never rejects. Nothing is changed: the upload is begun
 * and never completed, so no file appears.
 */
export async function readSlackSigns(door: SlackDoor, questions: SlackQuestions): Promise<SlackSigns> {
  const { client, heard } = openClient(door);
  const began = performance.now();
  const identity = await said(() => client.auth.test(), Identity);
  const tookMs = performance.now() - began;
  const { clock, scopes } = heard;
  const base = { tookMs, ...(clock === undefined ? {} : { clock }), ...(scopes === undefined ? {} : { scopes }) };
  const named = identity.ok
    ? { ok: true as const, said: { bot: identity.said.user, team: identity.said.team } }
    : identity;
  // Whoever is not let in, or cannot get there, need not knock at every door.
  if (!identity.ok) return { ...base, identity: named, upload: identity, channels: new Map(), groups: new Map() };
  const [upload, channels, groups] = await Promise.all([
    said(() => client.files.getUploadURLExternal({ filename: 'doctor.txt', length: 1 }), z.unknown()),
    eachOf(questions.channels, (channel) => said(() => client.conversations.info({ channel }), Channel)),
    eachOf(questions.groups, (usergroup) => said(() => client.usergroups.users.list({ usergroup }), Members)),
  ]);
  return {
    ...base,
    identity: named,
    upload,
    channels: mapped(channels, ({ channel }) => ({
      name: channel.name,
      isMember: channel.is_member,
      isArchived: channel.is_archived,
    })),
    groups: mapped(groups, ({ users }) => users),
  };
}

/** Whether Slack takes this app-level token: asks for the address of a socket and opens none. */
export async function tryAppToken(door: Omit<SlackDoor, 'botToken'>, appToken: string): Promise<Said<unknown>> {
  const { client } = openClient({ ...door, botToken: appToken });
  return said(() => client.apps.connections.open({}), z.unknown());
}

type Heard = { clock?: { readonly theirs: Date; readonly ours: Date }; scopes?: readonly string[] };

/** A client of its own: what it hears in headers is part of the answer, and nothing it does counts against others. */
function openClient({ botToken, apiUrl, log, fetch: send = fetch }: SlackDoor): {
  readonly client: WebClient;
  readonly heard: Heard;
} {
  const heard: Heard = {};
  const client = new WebClient(botToken, {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_LIMIT_MS,
    logger: boltLogger(log),
    fetch: async (...args: Parameters<typeof send>) => {
      const sentAt = Date.now();
      const response = await send(...args);
      const theirs = new Date(response.headers.get('date') ?? Number.NaN);
      const ours = new Date((sentAt + Date.now()) / 2);
      if (!Number.isNaN(theirs.getTime())) heard.clock = { theirs, ours };
      const scopes = response.headers.get('x-oauth-scopes');
      if (scopes !== null) heard.scopes = scopes.split(',').map((scope) => scope.trim());
      return response;
    },
  });
  return { client, heard };
}

async function said<T>(ask: () => Promise<unknown>, shape: z.ZodType<T>): Promise<Said<T>> {
  try {
    return { ok: true, said: shape.parse(await ask()) };
  } catch (thrown) {
    const error = platformCode(thrown) ?? (rateLimited(thrown) ? 'ratelimited' : undefined);
    return error === undefined ? { ok: false } : { ok: false, error };
  }
}

function rateLimited(thrown: unknown): boolean {
  return thrown instanceof Error && 'retryAfter' in thrown;
}

async function eachOf<Key, T>(
  keys: readonly Key[],
  ask: (key: Key) => Promise<T>,
): Promise<readonly (readonly [Key, T])[]> {
  return Promise.all(keys.map(async (key) => [key, await ask(key)] as const));
}

function mapped<Key, From, To>(
  answers: readonly (readonly [Key, Said<From>])[],
  to: (from: From) => To,
): ReadonlyMap<Key, Said<To>> {
  return new Map(
    answers.map(([key, answer]) => [key, answer.ok ? { ok: true as const, said: to(answer.said) } : answer] as const),
  );
}
