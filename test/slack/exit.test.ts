import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';

const PROGRAM = fileURLToPath(new URL('../support/slack-bot-process.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it.each(['socket', 'http'] as const)(
  'nothing keeps the process alive after a stop over %s',
  { timeout: 60_000 },
  async (mode) => {
    const slack = await startRehearsalSlack({ mode });
    onTestFinished(() => slack.close());
    const env = { ...process.env, MODE: mode, API_URL: slack.apiUrl, TOKENS: JSON.stringify(slack.tokens) };

    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM], {
      cwd: ROOT,
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
