import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_SCRIPT, parseProbeLog, peersOf, targetsVariable } from '../../src/cilium/probe/probe-script.ts';

/** Answers for 10.0.2.9 as agnhost does, and fails for the rest as curl does. */
const CURL = `#!/bin/sh
case "$*" in
  *//10.0.2.9:8080/clientip) echo 10.0.1.7:41234 ;;
  *) exit 28 ;;
esac
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probe-'));
  await writeFile(join(folder, 'curl'), CURL);
  await chmod(join(folder, 'curl'), 0o755);
});
afterAll(async () => rm(folder, { recursive: true }));

/** The program of a probe pod in a real shell, until it has printed so many lines. */
async function run(targets: string, lines: number): Promise<string> {
  const shell = spawn('sh', ['-c', CLIENT_SCRIPT], {
    detached: true,
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, PROBE_TARGETS: targets },
  });
  try {
    let printed = '';
    for await (const chunk of shell.stdout) {
      printed += String(chunk);
      if (printed.split('\n').length > lines) break;
    }
    return printed;
  } finally {
    // The whole group: its questions run in the background.
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
  }
}

describe('the probe program', () => {
  it('asks every target once a second and prints what the parser reads', async () => {
    const targets = targetsVariable([
      { name: 'node2', address: '10.0.2.9' },
      { name: 'node-3.example', address: '10.0.3.9' },
    ]);

    const probed = parseProbeLog(await run(targets, 4));

    const good = probed.filter(({ target }) => target === 'node2');
    expect(good.length).toBeGreaterThanOrEqual(2);
    expect(good.every(({ client }) => client === '10.0.1.7')).toBe(true);
    expect(probed.filter(({ target }) => target === 'node-3.example').every(({ client }) => client === undefined)).toBe(
      true,
    );
    const [first = 0, second = 0] = good.map(({ atMs }) => atMs);
    // Each question takes its time in a process of its own, which on a busy machine begins late.
    expect(second - first).toBeGreaterThanOrEqual(500);
    expect(Math.abs(first - Date.now())).toBeLessThan(30_000);
  });

  it.each([
    {
      line: '1795400529000 node2 ok 10.0.1.7',
      want: [{ atMs: 1_795_400_529_000, target: 'node2', client: '10.0.1.7' }],
    },
    { line: '1795400529000 node2 fail', want: [{ atMs: 1_795_400_529_000, target: 'node2', client: undefined }] },
    {
      line: '1795400529000 node2 ok [fd00::7]',
      want: [{ atMs: 1_795_400_529_000, target: 'node2', client: 'fd00::7' }],
    },
    {
      line: '1795400529000 node2 ok ::ffff:10.0.1.7',
      want: [{ atMs: 1_795_400_529_000, target: 'node2', client: '10.0.1.7' }],
    },
    { line: '5400529000 node2 ok 10.0.1.7', want: [] },
    { line: '1795400529000 node2 ok', want: [] },
    { line: 'sh: curl: not found', want: [] },
    { line: '', want: [] },
  ])('reads "$line"', ({ line, want }) => {
    expect(parseProbeLog(line)).toEqual(want);
  });
});

describe('whom a node asks', () => {
  const nodes = (size: number) => Array.from({ length: size }, (_, index) => index);

  it('everybody, up to twenty nodes', () => {
    expect(peersOf(nodes(3), 1)).toEqual([0, 2]);
    expect(peersOf(nodes(20), 0)).toHaveLength(19);
  });

  it('four peers above that, and every node is asked by four', () => {
    const all = nodes(21).map((index) => ({ index, peers: peersOf(nodes(21), index) }));

    expect(all.every(({ index, peers }) => new Set(peers).size === 4 && !peers.includes(index))).toBe(true);
    expect(nodes(21).map((to) => all.filter(({ peers }) => peers.includes(to)).length)).toEqual(nodes(21).map(() => 4));
  });

  it('nobody on a single node', () => {
    expect(peersOf(nodes(1), 0)).toEqual([]);
  });
});
