import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RehearsalSlack, startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';
import { systemClock } from '../../src/roles/system-clock.ts';
import { createSlackBot, type SlackBot } from '../../src/slack/slack-bot.ts';
import { aWorld, type World } from '../app/world.ts';
import { runsOf } from './desk.ts';

const SECRET = 'a-signing-secret-of-a-test';
const MINUTE_S = 60;

let slack: RehearsalSlack;
let world: World;
let bot: SlackBot;

async function start(state?: Parameters<typeof aWorld>[0]): Promise<void> {
  world = aWorld(state);
  // The guard compares with Slack's clock, and so needs a real one.
  const deps = { ...world, clock: systemClock };
  const transport = { type: 'http', signingSecret: SECRET, port: 0 } as const;
  bot = createSlackBot({ botToken: slack.tokens.botToken, apiUrl: slack.apiUrl, root: '/cilium', transport }, deps);
  await bot.start();
}

beforeAll(async () => {
  slack = await startRehearsalSlack({ mode: 'http' });
});
afterAll(() => slack.close());
beforeEach(() => start());
afterEach(() => bot.stop());

const FORM = {
  command: '/cilium',
  text: 'help',
  user_id: 'U01DANA',
  team_id: 'T0REHEARSAL',
  channel_id: 'C01OPS',
  trigger_id: '1.2.3',
  api_app_id: 'A1',
};

type Signed = { readonly body: string; readonly headers: Record<string, string> };

function signed(more: Record<string, string> = {}, ageS = 0, secret = SECRET): Signed {
  const body = new URLSearchParams({ ...FORM, ...more }).toString();
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageS);
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  return {
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
    },
  };
}

async function send({ body, headers }: Signed): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${bot.port()}/slack/events`, { method: 'POST', body, headers });
  await response.text();
  return response.status;
}

describe('a request over HTTP', () => {
  it('that Slack signed just now is taken', async () => {
    expect(await send(signed({ text: 'status' }))).toBe(200);
    expect(await runsOf({ world })).toHaveLength(1);
  });

  it.each([
    { what: 'is signed with another secret', request: () => signed({ text: 'status' }, 0, 'another-secret') },
    {
      what: 'was changed after it was signed',
      request: () => ({ ...signed({ text: 'status' }), body: 'text=status' }),
    },
    { what: 'is five minutes old', request: () => signed({ text: 'status' }, 5 * MINUTE_S + 5) },
    { what: 'is dated in the future', request: () => signed({ text: 'status' }, -2 * MINUTE_S) },
    { what: 'is dated far in the future', request: () => signed({ text: 'status' }, -365 * 24 * 60 * MINUTE_S) },
    {
      what: 'has no date',
      request: () => {
        const { body, headers } = signed({ text: 'status' });
        const { 'x-slack-request-timestamp': _, ...rest } = headers;
        return { body, headers: rest };
      },
    },
    {
      what: 'has no signature',
      request: () => {
        const { body, headers } = signed({ text: 'status' });
        const { 'x-slack-signature': _, ...rest } = headers;
        return { body, headers: rest };
      },
    },
    {
      what: 'is dated in words',
      request: () => {
        const { body, headers } = signed({ text: 'status' });
        return { body, headers: { ...headers, 'x-slack-request-timestamp': 'tomorrow' } };
      },
    },
  ])('that $what is refused, and nothing is recorded', async ({ request }) => {
    expect(await send(request())).toBe(401);
    expect(await runsOf({ world })).toEqual([]);
  });

  it('that comes a second time, word by word, is refused', async () => {
    const request = signed({ text: 'status' });
    expect(await send(request)).toBe(200);

    expect(await send(request)).toBe(401);

    expect(await runsOf({ world })).toHaveLength(1);
  });

  it('that is replayed as if Slack itself had tried again makes no second run', async () => {
    const request = signed({ text: 'status' });
    await send(request);

    await send({ ...request, headers: { ...request.headers, 'x-slack-retry-num': '1' } });

    expect(await runsOf({ world })).toHaveLength(1);
  });

  it('that checks the certificate is answered', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };

    expect(await send({ body: 'ssl_check=1&token=x', headers })).toBe(200);
    expect(await runsOf({ world })).toEqual([]);
  });

  it('from another team than the one the app is installed in is refused', async () => {
    const { body, headers } = signed({ text: 'status', team_id: 'T01PARTNER' });

    const response = await fetch(`http://127.0.0.1:${bot.port()}/slack/events`, { method: 'POST', body, headers });

    expect(await response.json()).toMatchObject({ text: expect.stringContaining('other organisations') });
    expect(await runsOf({ world })).toEqual([]);
  });

  it.each(['user_id', 'channel_id'])('with a made-up %s is answered, and not recorded', async (field) => {
    expect(await send(signed({ text: 'status', [field]: '<!channel>' }))).toBe(200);
    expect(await runsOf({ world })).toEqual([]);
  });

  it('is answered in words while the store is down', async () => {
    await bot.stop();
    const down = (): Promise<never> => Promise.reject(new Error('the store is down'));
    await start({ state: (real) => ({ ...real, runs: { ...real.runs, append: down }, budget: { take: down } }) });
    const { body, headers } = signed({ text: 'status' });

    const response = await fetch(`http://127.0.0.1:${bot.port()}/slack/events`, { method: 'POST', body, headers });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('did not'),
    });
  });
});

it('a connection that says nothing does not hold up a stop', async () => {
  const socket = connect(bot.port() ?? 0, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
  await once(socket, 'connect');
  socket.write('POST /slack/events HTTP/1.1\r\n');

  await bot.stop();

  await closed;
});
