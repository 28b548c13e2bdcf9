import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { publish } from '../../src/app/publish/publish.ts';
import { record } from '../../src/app/record.ts';
import type { Outcome } from '../../src/core/run/outcome.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createSlackBot } from '../../src/slack/slack-bot.ts';
import { aWorld, fine } from '../app/world.ts';

/** The bot against somebody else's idea of Slack, so that it is not tested against our own alone. */
const there = spawnSync('local-slack', ['--help']).error === undefined;

const CHANNEL = 'C01OPS';
const PERSON = 'U01DANA';
const BOT_TOKEN = 'xoxb-local';
const APP_TOKEN = 'xapp-local';

const Message = z.looseObject({ ts: z.string(), thread_ts: z.string().optional(), text: z.string().default('') });

describe.skipIf(!there)('the bot in the third-party local-slack (needs local-slack on PATH)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-slack-'));
  let url = '';
  let stop: () => Promise<void> = async () => undefined;

  beforeAll(async () => {
    const port = await freePort();
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify(WORKSPACE));
    // It listens on every interface, so it runs for these seconds only.
    const args = ['--config', config, '--port', String(port), '--base-host', '127.0.0.1', '--files-dir', folder];
    const child = spawn('local-slack', args, { stdio: 'ignore' });
    stop = async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    };
    url = `http://127.0.0.1:${port}`;
    await vi.waitFor(() => fetch(`${url}/_control/state`), { timeout: 15_000 });
  });
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function messages() {
    const answer = await fetch(`${url}/_control/messages/${CHANNEL}`);
    return z.object({ messages: z.array(Message) }).parse(await answer.json()).messages;
  }

  it('answers /cilium status with a message and a thread', async () => {
    const world = aWorld();
    const transport = { type: 'socket', appToken: APP_TOKEN } as const;
    const bot = createSlackBot({ botToken: BOT_TOKEN, apiUrl: `${url}/api/`, root: '/cilium', transport }, world);
    await bot.start();
    const deps = { ...world, chat: bot.chat };
    const render = (run: Parameters<typeof renderRun>[0]) => renderRun(run, { now: world.clock.now(), uploads: false });

    const command = { channel: CHANNEL, user: PERSON, command: '/cilium', text: 'status prod' };
    await fetch(`${url}/_control/command`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(command),
    });
    await expect.poll(async () => (await world.state.runs.recent({ limit: 1 })).length).toBe(1);
    const [recent] = await world.state.runs.recent({ limit: 1 });
    if (recent === undefined) throw new Error('no run');
    const at = world.clock.now().toISOString();
    await record(world.state.runs, recent.run, { type: 'started', at, attempt: 1, worker: 'host/1' });
    await record(world.state.runs, recent.run, { type: 'ended', at, outcome: withNodes(fine) });
    await publish({ ...deps, render }, recent.run);
    await bot.stop();

    const [parent, ...replies] = await messages();
    expect(parent?.text).toContain('Cilium on prod is healthy');
    expect(replies.map((reply) => reply.thread_ts)).toEqual([parent?.ts]);
    expect(JSON.stringify(replies)).toContain('node1: agent 1.19.0');
  });
});

function withNodes(outcome: Outcome): Outcome {
  if (outcome.type !== 'succeeded') return outcome;
  return {
    ...outcome,
    report: { ...outcome.report, sections: [{ title: 'Nodes (1)', lines: ['node1: agent 1.19.0'] }] },
  };
}

const WORKSPACE = {
  workspace: { name: 'Local', domain: 'local', teamId: 'T01HOME' },
  apps: [
    {
      appId: 'A01CILIUM',
      botUserId: 'U01CILIUM',
      botName: 'cilium',
      botToken: BOT_TOKEN,
      appToken: APP_TOKEN,
      signingSecret: 'not-a-secret',
      mode: 'socket',
    },
  ],
  users: [{ id: PERSON, name: 'dana', real_name: 'Dana Ortiz', email: 'dana@example.com', tz: 'UTC' }],
  channels: [{ id: CHANNEL, name: 'ops', is_private: false, members: [PERSON, 'U01CILIUM'] }],
  emojis: {},
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
