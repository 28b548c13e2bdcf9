import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { cleanUp } from './harness.ts';

const CLI = new URL('../../../src/rehearsal/slack/cli.ts', import.meta.url).pathname;

it('says in one line where everything is, and stops on SIGTERM', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, '--json', '--banner', 'hello'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUp(async () => child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, controlUrl, tokens } = JSON.parse(line) as Record<'url' | 'controlUrl', string> & { tokens: object };
  expect(controlUrl).toBe(`${url}/_control`);
  expect(tokens).toMatchObject({
    botToken: expect.stringMatching(/^xoxb-/),
    appToken: expect.stringMatching(/^xapp-/),
  });
  expect((await fetch(`${controlUrl}/state`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('explains itself when it is called wrongly', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, '--nonsense'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  cleanUp(async () => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(said).toContain('usage: rehearsal-slack');
});
