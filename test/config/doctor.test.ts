import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CheckGroup } from '../../src/core/doctoring.ts';
import { freePort } from '../../src/store/free-port.ts';
import { doctorHere } from '../../src/terminal/doctor.ts';
import { readSettings } from '../../src/terminal/doctor-settings.ts';
import { createTestLog } from '../support/test-log.ts';

const Said = z.object({ schemaVersion: z.literal(1), ok: z.boolean(), groups: z.array(CheckGroup) });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-here-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
    columns: 100,
    color: false,
    signal: AbortSignal.timeout(60_000),
  };
  const raw = { PATH: folder, DATA_DIR: join(folder, 'data'), KUBECONFIG: join(folder, 'none'), ...env };
  const exit = await doctorHere(words, raw, terminal, createTestLog());
  return { exit, out: out.join('\n'), err: err.join('\n') };
}

async function asData(words: readonly string[], env: Readonly<Record<string, string>>) {
  const { exit, out } = await ask([...words, '--output', 'json'], env);
  const { ok, groups } = Said.parse(JSON.parse(out));
  const checks = groups.flatMap(({ checks: each }) => each);
  return { exit, ok, groups, of: (id: string) => checks.find((check) => check.id === id) };
}

describe('doctor in the terminal', () => {
  it('where nothing is set up, says what is missing and how to begin', async () => {
    const { exit, out } = await ask([]);

    expect(exit).toBe(1);
    expect(out).toContain('SLACK_BOT_TOKEN is not set');
    expect(out).toContain('deploy/slack/manifest.yaml');
    expect(out).toContain('npm run demo');
    expect(out).toContain('CHATOPS_CONFIG is not set');
    expect(out).toContain('for trying out, on one machine');
    expect(out).toContain('there is no kubeconfig at');
    expect(out).toContain('there is no helm on the PATH');
  });

  it('goes on when the store is down, the cluster is down and Slack is away', async () => {
    const port = await freePort();
    const config = join(folder, 'chatops.yaml');
    await writeFile(config, 'clusters:\n  - name: prod\n  - name: stage\n');
    const { exit, ok, of, groups } = await asData([], {
      CHATOPS_CONFIG: config,
      STATE_URL: `redis://127.0.0.1:${port}`,
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_APP_TOKEN: 'xapp-1',
      SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
    });

    expect({ exit, ok }).toEqual({ exit: 1, ok: false });
    expect(of('store-reached')).toMatchObject({ verdict: 'fail', evidence: expect.stringContaining('nobody answers') });
    expect(of('slack-token')).toMatchObject({ verdict: 'fail' });
    expect(of('config')).toMatchObject({ verdict: 'pass', evidence: expect.stringContaining('prod, stage') });
    expect(groups.map(({ title }) => title)).toEqual([
      'Settings',
      'Configuration',
      'Slack',
      'Store',
      'Worker',
      'Cluster prod',
      'Cluster stage',
    ]);
  });

  it('a file that cannot be used is said with its line, and no cluster is guessed', async () => {
    const config = join(folder, 'broken.yaml');
    await writeFile(config, 'clusters:\n  - name: PROD\n');

    const { of, groups } = await asData([], { CHATOPS_CONFIG: config });

    expect(of('config')).toMatchObject({ verdict: 'fail', evidence: expect.stringContaining('broken.yaml:2') });
    expect(groups.filter(({ title }) => title.startsWith('Cluster '))).toEqual([]);
  });

  it.each([
    { words: ['a', 'b'], want: 'usage: cilium-chatops doctor [cluster]' },
    { words: ['--nonsense'], want: 'usage: cilium-chatops doctor [cluster]' },
    { words: ['nowhere'], want: 'there is no cluster "nowhere": default' },
  ])('$words is wrong usage', async ({ words, want }) => {
    const { exit, err } = await ask(words);

    expect(exit).toBe(2);
    expect(err).toContain(want);
  });
});

describe('settings', () => {
  const judged = (raw: Readonly<Record<string, string>>) => {
    const { env, group } = readSettings(raw);
    return { env, open: group.checks.filter(({ verdict }) => verdict !== 'pass'), text: JSON.stringify(group) };
  };

  it('tokens that are mixed up are recognised, and never shown', () => {
    const { open, text } = judged({ SLACK_BOT_TOKEN: 'xapp-s3cret', SLACK_APP_TOKEN: 'xoxb-s3cret' });

    expect(open).toMatchObject([
      { title: 'SLACK_BOT_TOKEN', verdict: 'fail', fix: expect.stringContaining('belongs into SLACK_APP_TOKEN') },
      { title: 'SLACK_APP_TOKEN', verdict: 'fail', fix: expect.stringContaining('belongs into SLACK_BOT_TOKEN') },
    ]);
    expect(text).not.toContain('s3cret');
  });

  it('what is wrong does not hide the rest', () => {
    const { env, open } = judged({ HTTP_PORT: 'eighty', ROLE: 'worker', PROBE_NAMESPACE: 'probes' });

    expect(open).toMatchObject([{ title: 'HTTP_PORT', verdict: 'fail' }]);
    expect(env).toMatchObject({ ROLE: 'worker', PROBE_NAMESPACE: 'probes', HTTP_PORT: 8080 });
  });

  it.each([
    { when: 'a worker needs no token', raw: { ROLE: 'worker' }, want: [] },
    { when: 'a bot needs one', raw: { ROLE: 'bot' }, want: ['SLACK_BOT_TOKEN is not set'] },
    {
      when: 'and a way in',
      raw: { ROLE: 'bot', SLACK_BOT_TOKEN: 'xoxb-1' },
      want: ['neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP) is set'],
    },
    { when: 'HTTP will do', raw: { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: '12345678' }, want: [] },
  ])('$when', ({ raw, want }) => {
    expect(judged(raw).open.map(({ evidence }) => evidence)).toEqual(want);
  });
});
