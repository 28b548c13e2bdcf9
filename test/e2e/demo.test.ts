import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { StatusData } from '../../src/cilium/facts/status-data.ts';
import { redisBinary } from '../support/spawn-redis.ts';
import { buttonsOf, type Demo, type Message, pathWithoutRedis, ROOT, startDemo, textOf } from './demo-process.ts';

/** Everything together, from processes and over sockets: what a person who cloned the repository meets. */

/** Nobody's machine is this slow; one that does eight other things is. */
const START_MS = 120_000;
const LIMIT = { timeout: 120_000 };

const HEALTHY = /Agents 3\/3/;
const UNDER_WAY = /Read the cluster|Ask the agents/;

function says(pattern: RegExp): (message: Message) => boolean {
  return (message) => pattern.test(textOf(message));
}

function runIn(message: Message): string {
  return /run-[0-9a-z]{6}/.exec(textOf(message))?.[0] ?? '';
}

function isReplyTo(parent: Message, message: Message): boolean {
  return message.thread_ts === parent.ts && message.ts !== parent.ts;
}

/** Asks for a status and waits until the message of that run shows it at work. */
async function startStatus(demo: Demo): Promise<Message> {
  const before = new Set((await demo.messages()).map(runIn));
  await demo.type('status');
  return demo.message((message) => UNDER_WAY.test(textOf(message)) && !before.has(runIn(message)));
}

/** A status takes over ten seconds from now on: on a busy machine five are over before its message is seen. */
async function holdUp(demo: Demo): Promise<void> {
  await demo.breakCluster('agent', 'frozen');
  await demo.breakCluster('api', 'slow');
}

async function letGo(demo: Demo): Promise<void> {
  await demo.breakCluster('agent', 'off');
  await demo.breakCluster('api', 'off');
}

async function isGone(url: string): Promise<boolean> {
  return fetch(url).then(
    () => false,
    () => true,
  );
}

async function expectCleanEnd(demo: Demo): Promise<void> {
  const { slack, health } = demo.ready;

  const ended = await demo.stop();

  expect(ended).toEqual({ code: 0, left: false });
  expect(demo.folders()).toEqual([]);
  expect(await Promise.all([isGone(slack), isGone(health)])).toEqual([true, true]);
}

describe('the demo without Redis', LIMIT, () => {
  const hidden = pathWithoutRedis();
  let demo: Demo;
  let kill = (): void => undefined;

  beforeAll(async () => {
    demo = await startDemo(hidden.path);
    kill = demo.kill;
  }, START_MS);
  afterAll(() => {
    kill();
    hidden.remove();
  });

  it('keeps its state in the embedded Postgres', () => {
    expect(demo.ready.state).toMatch(/^postgres/);
  });

  it('answers /cilium status with a message and a thread', async () => {
    await demo.type('status');

    const parent = await demo.message(says(HEALTHY));
    const reply = await demo.message((message) => isReplyTo(parent, message) && /node1/.test(textOf(message)));
    expect(textOf(parent)).toMatch(/Tunnel \(VXLAN\)/);
    expect(textOf(reply)).toContain('node1');
  });

  it('tells only the one who misspelt it what was meant', async () => {
    await demo.type('stauts');

    const answer = await demo.message((message) => message.ephemeral_to === demo.ready.users.dana);
    expect(textOf(answer)).toMatch(/stauts[\s\S]*Did you mean[\s\S]*status/);
  });

  it('does again what a button says', async () => {
    const first = await demo.message(says(HEALTHY));
    const again = buttonsOf(first.blocks).find((button) => button.value.startsWith('status'));

    await demo.press(first, again ?? { action_id: 'none', value: '' });

    const second = await demo.message((message) => HEALTHY.test(textOf(message)) && runIn(message) !== runIn(first));
    expect(second.ts).not.toBe(first.ts);
  });

  it('stops a run that is cancelled', async () => {
    await holdUp(demo);
    const running = await startStatus(demo);

    await demo.type(`cancel ${runIn(running)}`);

    const ended = await demo.message((message) => message.ts === running.ts && /cancelled/i.test(textOf(message)));
    expect(textOf(ended)).toContain(`<@${demo.ready.users.dana}>`);
  });

  it('tells the truth about a worker that was killed, and another one ends its work', async () => {
    await holdUp(demo);
    const running = await startStatus(demo);

    process.kill(demo.ready.pids.worker, 'SIGKILL');

    await letGo(demo);
    const loss = await demo.message((message) => isReplyTo(running, message) && /ended early/.test(textOf(message)));
    const ended = await demo.message((message) => message.ts === running.ts && HEALTHY.test(textOf(message)));
    expect(textOf(loss)).toContain('goes on with attempt 2');
    expect(runIn(ended)).toBe(runIn(running));
  });

  it('is gone without a trace after SIGTERM', () => expectCleanEnd(demo));
});

describe.skipIf(redisBinary() === undefined)('the demo on Redis (needs redis-server on PATH)', LIMIT, () => {
  let demo: Demo;
  let kill = (): void => undefined;

  beforeAll(async () => {
    demo = await startDemo(process.env['PATH'] ?? '');
    kill = demo.kill;
  }, START_MS);
  afterAll(() => kill());

  it('answers /cilium status', async () => {
    await demo.type('status');

    await demo.message(says(HEALTHY));
    expect(demo.ready.state).toMatch(/^redis/);
  });

  it('gives the same to the terminal: result on stdout, progress on stderr', async () => {
    const { code, out, err } = await terminal(['run', 'status', '--output', 'json']);

    const result = z.object({
      schemaVersion: z.literal(1),
      command: z.literal('status'),
      outcome: z.string(),
      data: StatusData,
    });
    expect(code).toBe(0);
    expect(result.parse(JSON.parse(out))).toMatchObject({ outcome: 'succeeded', data: { installation: { ready: 3 } } });
    expect(err).toContain('Ask the agents');
  });

  it('ends with 2 and the usage where the terminal was given nonsense', async () => {
    const { code, out, err } = await terminal(['run', 'stauts']);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/status/);
  });

  it('is gone without a trace after SIGTERM', () => expectCleanEnd(demo));

  async function terminal(words: readonly string[]) {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, KUBECONFIG: demo.ready.kubeconfig };
    const child = spawn(process.execPath, [join(ROOT, 'deploy/local/cilium-chatops.mjs'), ...words], {
      env,
      cwd: ROOT,
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, out, err };
  }
});
