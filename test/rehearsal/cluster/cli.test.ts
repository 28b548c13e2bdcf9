import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from './support.ts';

describe('the command line', () => {
  it('prints where it listens as one JSON line, writes the kubeconfig for its owner alone, ends on SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehearsal-cli-'));
    const kubeconfig = join(folder, 'kubeconfig');
    const cli = new URL('../../../src/rehearsal/cluster/cli.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      cli,
      '--json',
      '--kubeconfig',
      kubeconfig,
      '--nodes',
      '5',
    ]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const exited = once(child, 'exit');

    try {
      await until('the line is printed', () => out.endsWith('\n'), 20_000);
      const line = JSON.parse(out) as { url: string; kubeconfig: string; control: string };
      expect(line).toEqual({
        url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
        kubeconfig,
        control: expect.any(String),
      });
      expect(JSON.parse(readFileSync(kubeconfig, 'utf8'))).toMatchObject({
        kind: 'Config',
        clusters: [{ cluster: { server: line.url } }],
      });
      expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
      expect((await fetch(`${line.control}/faults`)).status).toBe(200);
      child.kill('SIGTERM');
      expect((await exited)[0]).toBe(0);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
