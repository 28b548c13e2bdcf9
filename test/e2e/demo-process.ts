import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** `npm run demo -- --json --no-open`, as a tool starts and uses it. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DEMO = join(ROOT, 'deploy/local/demo.mjs');

/** What the demo promises to print. */
const Ready = z.object({
  slack: z.url(),
  api: z.url(),
  control: z.url(),
  kubeconfig: z.string(),
  state: z.string(),
  health: z.url(),
  channels: z.object({ ops: z.string() }),
  users: z.object({ dana: z.string(), lee: z.string(), sam: z.string(), kim: z.string() }),
  pids: z.object({ bot: z.number(), worker: z.number() }),
});

const Message = z.looseObject({
  ts: z.string(),
  thread_ts: z.string().optional(),
  ephemeral_to: z.string().optional(),
  text: z.string().default(''),
  blocks: z.array(z.unknown()).default([]),
});
export type Message = z.infer<typeof Message>;

export type Button = { readonly action_id: string; readonly block_id?: string; readonly value: string };

export type Demo = Awaited<ReturnType<typeof startDemo>>;

export async function startDemo(path: string) {
  // A process group of its own: whatever the demo leaves behind is found, and ended.
  const child = spawn(process.execPath, [DEMO, '--json', '--no-open'], {
    cwd: ROOT,
    detached: true,
    env: { PATH: path, HOME: process.env['HOME'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const ready = await firstLine(child, said);

  async function control(method: string, endpoint: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${ready.control}/${endpoint}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${endpoint}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async function messages(): Promise<readonly Message[]> {
    const answer = await control('GET', `messages/${ready.channels.ops}`);
    return z.object({ messages: z.array(Message) }).parse(answer).messages;
  }

  return {
    ready,
    messages,
    /** Types a slash command as dana. */
    type: (text: string) =>
      control('POST', 'command', { channel: ready.channels.ops, user: ready.users.dana, command: '/cilium', text }),
    press: (message: Message, action: Button) =>
      control('POST', 'interact', {
        channel: ready.channels.ops,
        messageTs: message.ts,
        user: ready.users.dana,
        action: { type: 'button', ...action },
      }),
    breakCluster: (id: string, value: string) => control('POST', 'faults', { board: 'cluster', id, value }),
    /** The first message that fits, once there is one. */
    message: async (fits: (message: Message) => boolean, withinMs = 45_000): Promise<Message> => {
      for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(50)) {
        const found = (await messages()).find(fits);
        if (found !== undefined) return found;
      }
      throw new Error(`no such message; there are:\n${(await messages()).map(textOf).join('\n---\n')}`);
    },
    /** SIGTERM, as a supervisor sends it. Answers the exit code and whether any of its processes is left. */
    stop: async (): Promise<{ readonly code: number | null; readonly left: boolean }> => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      return { code: child.exitCode, left: groupIsAlive(child) };
    },
    /** For the end of a test that failed. */
    kill: () => {
      if (groupIsAlive(child)) process.kill(-Number(child.pid), 'SIGKILL');
    },
    folders: () => readdirSync(join(ROOT, '.data')).filter((name) => name.startsWith(`demo-${child.pid}-`)),
  };
}

/** Everything a person can read in a message, in one text. */
export function textOf(message: Message): string {
  return `${message.text}\n${textIn(message.blocks).join('\n')}`;
}

function textIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'text' && typeof inner === 'string' ? [inner] : textIn(inner),
  );
}

/** Buttons of a message, wherever they are. */
export function buttonsOf(value: unknown): readonly Button[] {
  if (Array.isArray(value)) return value.flatMap(buttonsOf);
  if (typeof value !== 'object' || value === null) return [];
  if ('action_id' in value && 'value' in value) return [value as Button];
  return Object.values(value).flatMap(buttonsOf);
}

/** PATH without a Redis: links to everything else that is on it. */
export function pathWithoutRedis(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'path-'));
  const taken = new Set(['redis-server', 'valkey-server']);
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of entries(dir)) {
      if (taken.has(name)) continue;
      taken.add(name);
      symlinkSync(join(dir, name), join(folder, name));
    }
  }
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function entries(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    // PATH may name folders that do not exist.
    return [];
  }
}

async function firstLine(child: ChildProcess, said: readonly string[]): Promise<z.infer<typeof Ready>> {
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the demo ended with ${String(code)} before it was ready:\n${said.join('\n')}`);
    }),
  ]);
  return Ready.parse(JSON.parse(line));
}

function groupIsAlive(child: ChildProcess): boolean {
  try {
    return process.kill(-Number(child.pid), 0);
  } catch {
    return false;
  }
}
