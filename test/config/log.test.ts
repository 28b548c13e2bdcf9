import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { createLog } from '../../src/observe/log.ts';

function aLog(level = 'debug') {
  const lines: string[] = [];
  const log = createLog(level, 'bot', (line) => lines.push(line));
  return { log, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

const JWT = `eyJ${'hbGciOiJSUzI1NiIs'}.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl`;
// Put together here, so that no scanner takes a test for a leak.
const SECRETS = [
  ['xo', 'xb-111-222-abcDEF'].join(''),
  ['xo', 'xe.xoxp-1-abcDEF'].join(''),
  ['xa', 'pp-1-A1-222-abcDEF'].join(''),
  JWT,
  'https://hooks.slack.com/commands/T01/123/abcDEF',
  'redis://bot:hunter2@redis:6379/0',
  'Authorization: Basic Ym90OmFiY0RFRgabcDEF==',
  'https://api.example/x?a=1&token=hunter2&b=2',
  'wss://wss.slack.com/link/?access_token=hunter2',
  `-----BEGIN ${'RSA PRIVATE'} KEY-----\nabcDEF\n-----END ${'RSA PRIVATE'} KEY-----`,
  'users:\n- user:\n    client-key-data: TFMwdExTMUNSabcDEF',
  'postgres://bot:hunter2@db/chatops',
];

/** A server that greets, and refuses every other command of what was sent. */
function answerTo(sent: string): string {
  const commands = sent.split(/(?=^\*\d+\r$)/m);
  const greeting = '%1\r\n$5\r\nproto\r\n:3\r\n';
  return commands.map((each) => (/hello/i.test(each) ? greeting : '-ERR the server says no\r\n')).join('');
}

describe('the log', () => {
  it('is one line of JSON with a constant message and its fields', () => {
    const { log, last, text } = aLog();

    log.info({ run: 'run-7f3k2q', attempt: 2 }, 'started');

    expect(last()).toMatchObject({ level: 'info', role: 'bot', run: 'run-7f3k2q', attempt: 2, msg: 'started' });
    expect(text().endsWith('\n')).toBe(true);
  });

  it('leaves out what is below its level', () => {
    const { log, text } = aLog('warn');

    log.info({}, 'quiet');

    expect(text()).toBe('');
  });

  it.each(SECRETS)('shows no %s, wherever it stands', (secret) => {
    const { log, text } = aLog();
    const cause = new Error(`refused ${secret}`);

    log.info({ field: secret, deep: { deeper: { deepest: [`a ${secret} b`] } } }, `message ${secret}`);
    log.error({ err: new OpsError('Bug', `failed with ${secret}`, { cause }) }, 'failed');
    log.error({ err: secret }, 'failed');
    log.error({ other: new AggregateError([cause], secret) }, 'failed');

    expect(text()).not.toMatch(/abcDEF|hunter2|c2lnbmF0dXJl/);
    expect(text()).toContain('[redacted]');
    for (const line of text().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it.each(['token', 'botToken', 'appToken', 'signingSecret', 'password', 'authorization', 'responseUrl'])(
    'shows nothing under the name %s',
    (name) => {
      const { log, text } = aLog();

      log.info({ [name]: 'abcDEF', settings: { [name]: 'abcDEF' } }, 'settings');

      expect(text()).not.toContain('abcDEF');
    },
  );

  it('shows what an error says and why, and nothing that a driver hung on it', () => {
    const { log, last, text } = aLog();
    const cause = Object.assign(new Error('READONLY'), { command: { name: 'eval', args: ['the payload'] } });

    log.error({ err: new OpsError('StoreUnavailable', 'the store is away', { cause }) }, 'failed');
    log.error({ thrown: cause }, 'failed');

    expect(text()).not.toContain('the payload');
    expect(last()).toMatchObject({ thrown: { name: 'Error', message: 'READONLY' } });
    expect(text()).toContain('"code":"StoreUnavailable","message":"the store is away"');
  });

  it('shows no arguments of a command that ioredis could not send', async () => {
    const server = createServer((socket) => socket.on('data', (sent) => socket.write(answerTo(sent.toString()))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const redis = new Redis({ port, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null });
    redis.on('error', () => undefined);
    onTestFinished(() => redis.disconnect());
    const thrown = await redis.set('key', 'the payload').catch((error: unknown) => error);
    expect(JSON.stringify(thrown)).toContain('the payload');
    const { log, text } = aLog();

    log.error({ err: thrown }, 'failed');
    log.error({ reason: thrown }, 'failed');

    expect(text()).not.toContain('the payload');
  });

  it('survives a cause that is its own cause', () => {
    const { log, text } = aLog();
    const error = new Error('round and round');
    error.cause = error;

    log.error({ err: error }, 'failed');

    expect(text()).toContain('round and round');
  });

  it('names every failure of a shutdown that was not clean', () => {
    const { log, text } = aLog();

    log.error({ err: new AggregateError([new Error('one'), new Error('two')], 'not clean') }, 'failed');

    expect(text()).toMatch(/one.*two/s);
  });
});
