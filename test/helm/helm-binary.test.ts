import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findHelm, type HelmCall, helmVersion, runHelm } from '../../src/helm/helm-binary.ts';
import { inFolder } from './real-helms.ts';

const SIGNAL = new AbortController().signal;

/** A shell script in place of helm. */
function script(folder: string, lines: string, name = 'helm'): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return path;
}

function aCall(folder: string, binary: string, more: Partial<HelmCall> = {}): HelmCall {
  return { binary, args: ['upgrade'], folder, env: process.env, deadlineMs: 10_000, maxOutputBytes: 10_000, ...more };
}

async function until(holds: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > giveUpAt) throw new Error('it never came about');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the helm binary', () => {
  it('is the one named, else the first on PATH', async () => {
    await inFolder((folder) => {
      const path = script(folder, 'true');

      expect(findHelm({ PATH: `/nowhere:${folder}` }, undefined)).toBe(path);
      expect(findHelm({ PATH: '' }, path)).toBe(path);
    });
  });

  it.each([
    [{ PATH: '/nowhere' }, undefined, 'no helm on the PATH'],
    [{}, '/nowhere/helm', 'HELM_BIN names /nowhere/helm'],
  ])('is missed with words: %o %s', (env, named, wantMessage) => {
    expect(() => findHelm(env, named)).toThrow(wantMessage);
  });

  it.each([
    ['v3.14.0', undefined],
    ['v3.17.2', undefined],
    ['v4.1.4', undefined],
    ['v3.13.3', 'is Helm v3.13.3, and 3.14 is needed'],
    ['v2.17.0', '3.14 is needed'],
    ['Client: &version', 'is not helm'],
    ['', 'is not helm'],
  ])('is taken or refused by its version: "%s"', async (printed, wantMessage) => {
    await inFolder(async (folder) => {
      const asked = helmVersion({ binary: script(folder, `echo '${printed}'`), folder, env: process.env }, SIGNAL);

      if (wantMessage === undefined) expect(await asked).toBe(printed);
      else await expect(asked).rejects.toThrow(wantMessage);
    });
  });

  it('gets arguments as they are, and nothing of the environment that it does not need', async () => {
    await inFolder(async (folder) => {
      const binary = script(folder, 'printf "%s\\n" "$@"; env');
      const args = ['upgrade', '--description=$(touch pwned) `x`; "quoted" \'too\''];
      const env = {
        PATH: process.env['PATH'],
        SLACK_BOT_TOKEN: 'xoxb-1',
        HELM_KUBETOKEN: 't',
        HTTPS_PROXY: 'http://p',
      };

      const { stdout } = await runHelm(aCall(folder, binary, { args, env, kubeconfigPath: '/k' }), SIGNAL);

      expect(stdout).toContain(args[1]);
      expect(stdout).not.toMatch(/xoxb|HELM_KUBETOKEN/);
      expect(stdout).toMatch(/^HTTPS_PROXY=http:\/\/p$/m);
      expect(stdout).toMatch(/^KUBECONFIG=\/k$/m);
      expect(stdout).toContain(`HOME=${folder}`);
      expect(existsSync(join(folder, 'pwned'))).toBe(false);
    });
  });

  it('answers with the exit code and both streams', async () => {
    await inFolder(async (folder) => {
      const binary = script(folder, 'echo out; echo err >&2; exit 3');

      expect(await runHelm(aCall(folder, binary), SIGNAL)).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
    });
  });

  it('is stopped with everything it started, and has ended when the call rejects', async () => {
    await inFolder(async (folder) => {
      const binary = script(folder, 'trap "echo asked > asked; exit 1" TERM\nsleep 60 & echo $! > child\nwait');
      const stop = new AbortController();
      const running = runHelm(aCall(folder, binary), stop.signal);
      const child = join(folder, 'child');
      await until(() => existsSync(child) && readFileSync(child, 'utf8').endsWith('\n'));

      stop.abort(new Error('cancelled'));

      await expect(running).rejects.toThrow('cancelled');
      expect(existsSync(join(folder, 'asked'))).toBe(true);
      await until(() => !isAlive(Number(readFileSync(child, 'utf8'))));
    });
  });

  it('is not started once the signal is aborted', async () => {
    await inFolder(async (folder) => {
      const running = runHelm(aCall(folder, script(folder, 'touch started')), AbortSignal.abort(new Error('too late')));

      await expect(running).rejects.toThrow('too late');
      expect(existsSync(join(folder, 'started'))).toBe(false);
    });
  });

  it.each([
    ['takes too long', 'exec sleep 60', { deadlineMs: 100 }, 'ClusterTimeout'],
    ['prints too much', 'exec yes', { maxOutputBytes: 1_000 }, 'OutputTooLarge'],
  ])('is stopped when it %s', async (_situation, lines, more, wantCode) => {
    await inFolder(async (folder) => {
      await expect(runHelm(aCall(folder, script(folder, lines), more), SIGNAL)).rejects.toMatchObject({
        code: wantCode,
      });
    });
  });

  it('is bad configuration when it cannot be started', async () => {
    await inFolder(async (folder) => {
      const binary = join(folder, 'helm');
      writeFileSync(binary, 'no program', { mode: 0o644 });

      await expect(runHelm(aCall(folder, binary), SIGNAL)).rejects.toMatchObject({ code: 'BadConfig' });
    });
  });
});
