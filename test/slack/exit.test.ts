import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';
import { type BundledProgram, bundledProgram } from '../support/bundled-program.ts';

let program: BundledProgram;

beforeAll(async () => {
  program = await bundledProgram('support/slack-bot-process.ts');
});
afterAll(() => program.remove());

it.each(['socket', 'http'] as const)(
  'nothing keeps the process alive after a stop over %s',
  { timeout: 60_000 },
  async (mode) => {
    const slack = await startRehearsalSlack({ mode });
    onTestFinished(() => slack.close());
    const env = { ...process.env, MODE: mode, API_URL: slack.apiUrl, TOKENS: JSON.stringify(slack.tokens) };

    const child = spawn(process.execPath, [program.path], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = (await once(child, 'exit')) as [number | null];

    // It ends by itself: nobody calls process.exit there.
    expect(code).toBe(0);
    expect(said.trim()).toBe('connected stopped');
  },
);
