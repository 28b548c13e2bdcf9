import { describe, expect, it, onTestFinished } from 'vitest';
import { readPresence } from '../../src/app/doctor/doctor-presence.ts';
import { keepResponseUrl } from '../../src/app/publish/response-url.ts';
import { type CheckGroup, checkOf } from '../../src/core/doctoring.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import type { Reply } from '../../src/core/replies/reply.ts';
import { RunEvent } from '../../src/core/run/events.ts';
import { createDoctoring } from '../../src/roles/serve-doctor.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { createTestLog } from '../support/test-log.ts';

const config = ChatopsConfig.parse({ clusters: [{ name: 'prod' }, { name: 'stage' }] });
const told: CheckGroup = {
  title: 'Slack',
  checks: [checkOf('slack-token', 'Bot token', { verdict: 'pass', evidence: 'ok', why: 'w' })],
};

function requested(command: string) {
  const event = RunEvent.parse({
    type: 'requested',
    run: 'run-aaaaaa',
    at: '2026-11-23T15:20:00.000Z',
    requestKey: 'slash:1',
    by: { user: 'U01DANA', team: 'T01HOME', external: false },
    origin: { type: 'slack', channel: 'C01OPS', via: 'slash' },
    cluster: 'prod',
    command,
    args: {},
    text: `${command} prod`,
    risk: 'read',
  });
  if (event.type !== 'requested') throw new Error('it is a request');
  return event;
}

/** One process of this role over a store in memory. */
function aProcess(role: 'bot' | 'worker', state = createMemoryState(), clusters?: ('prod' | 'stage')[]) {
  const whispered: Reply[] = [];
  let looks = 0;
  const closers: (() => Promise<void>)[] = [];
  const names = config.clusters
    .map(({ name }) => name)
    .filter((name) => clusters?.some((each) => each === name) ?? true);
  const doctoring = createDoctoring({
    env: { ROLE: role, CLUSTERS: names },
    live: { current: () => config, state: () => ({ loadedAt: '2026-11-23T15:00:00.000Z' }) },
    log: createTestLog(),
    store: { state },
    closers: { add: (close) => void closers.push(close) },
  });
  const bot = {
    chat: { whisper: async (_url: string, said: Reply) => void whispered.push(said) },
    examine: async () => {
      looks += 1;
      return [told];
    },
  };
  doctoring.start(role === 'bot' ? bot : undefined);
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0)) await each();
  };
  onTestFinished(close);
  return { doctoring, state, whispered, looks: () => looks, close };
}

const present = (state: ReturnType<typeof createMemoryState>) => readPresence(state.blobs, new Date());

describe('before a doctor’s run is queued', () => {
  it('the bot looks at Slack again, and says when nobody serves the cluster', async () => {
    const bot = aProcess('bot');
    await expect.poll(bot.looks).toBe(1);
    const { run } = requested('doctor');
    await keepResponseUrl(bot.state.blobs, run, 'https://hooks.slack.example/1');

    await bot.doctoring.prepare(requested('doctor'));

    expect(bot.looks()).toBe(2);
    expect(bot.whispered).toMatchObject([{ mark: 'warn', text: 'No worker serves prod: nothing runs there' }]);
  });

  it('other commands wait for nothing', async () => {
    const bot = aProcess('bot');
    await expect.poll(bot.looks).toBe(1);

    await bot.doctoring.prepare(requested('status'));

    expect(bot.looks()).toBe(1);
    expect(bot.whispered).toEqual([]);
  });
});

describe('a worker', () => {
  it('leaves word of the clusters it serves, and takes itself off when it stops', async () => {
    const worker = aProcess('worker', createMemoryState(), ['stage']);

    await expect.poll(() => present(worker.state)).toMatchObject([{ role: 'worker', serves: ['stage'] }]);

    await worker.close();
    expect(await present(worker.state)).toEqual([]);
  });
});
