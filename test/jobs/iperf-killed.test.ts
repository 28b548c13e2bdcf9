import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iperf } from '../../jobs/iperf.ts';
import { sweepProbes } from '../../jobs/probing/sweep-probes.ts';
import { MANAGED_BY, MANAGER } from '../../src/cilium/probe/probe-pod.ts';
import type { Clock } from '../../src/core/clock.ts';
import { PODS } from '../../src/core/resources.ts';
import { type BundledProgram, bundledProgram } from '../support/bundled-program.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

const HOUR_MS = 3_600_000;
let open: OpenRehearsal;
let program: BundledProgram;

beforeAll(async () => {
  program = await bundledProgram('support/bench-process.ts');
  open = await openRehearsalCluster({ context: 'chatops', start: { speed: 10 } });
});
afterAll(async () => {
  await open.close();
  await program.remove();
});

async function pods(): Promise<readonly string[]> {
  const query = { namespace: 'cilium-chatops', labelSelector: `${MANAGED_BY}=${MANAGER}`, as: 'objects' } as const;
  const found: unknown[] = [];
  for await (const page of open.port.list(PODS, query, AbortSignal.timeout(10_000))) found.push(...page);
  return found.map((pod) => JSON.stringify(pod)).filter((pod) => !pod.includes('deletionTimestamp'));
}

/** Killed without a chance to clean up, in the middle of a measurement. */
async function killedWhileMeasuring(owner: string): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [program.path, open.rehearsal.kubeconfigPath, owner], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const said = child.stdout === null ? ['nothing'] : await once(child.stdout, 'data');
    expect(String(said[0])).toContain('measuring');
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

function contextOf(owner: string, clock: Clock = systemClock) {
  const probes = { write: open.write, owner, namespace: 'cilium-chatops', image: 'probes' };
  return { cluster: open.port, clock, log: silentLog, signal: AbortSignal.timeout(60_000), probes };
}

describe('a worker killed with SIGKILL while it measures', () => {
  it('leaves pods that the sweeper of any later run takes away once their time is over, and not before', async () => {
    await killedWhileMeasuring('run-7f3k2q');
    expect(await pods()).toHaveLength(4);

    expect(await sweepProbes(contextOf('run-9zzzzz'))).toBe(0);
    const later: Clock = { ...systemClock, now: () => new Date(Date.now() + HOUR_MS) };
    expect(await sweepProbes(contextOf('run-9zzzzz', later))).toBe(4);

    expect(await pods()).toEqual([]);
  }, 60_000);

  it('is followed by another attempt at the same run, which uses its pods and removes them', async () => {
    await killedWhileMeasuring('run-8w2x9d');
    const left = await pods();
    expect(left).toHaveLength(4);

    const { outcome } = await finish(iperf.run({ duration: 1, runs: 4, streams: 1 }, contextOf('run-8w2x9d')));

    expect(outcome.type).toBe('succeeded');
    expect(await pods()).toEqual([]);
  }, 60_000);
});
