import { describe, expect, it } from 'vitest';
import { podsLiveMs } from '../../jobs/changing/probe-step.ts';
import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { readingOf } from '../../jobs/probing/prober.ts';
import { rollOf } from '../../src/cilium/facts/disruption.ts';
import { lossOf } from '../../src/cilium/probe/probe-loss.ts';
import type { ProbePod } from '../../src/cilium/probe/probe-pod.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';

const HOUR_MS = 3_600_000;

const CLIENT: ProbePod = {
  ...{ name: 'client', uid: 'u', owner: 'run-aaaaaa', role: 'probe-client', node: 'node1' },
  ...{ targets: 'node2=10.0.2.9', address: '10.0.1.9', alive: true, ready: true },
  ...{ trouble: undefined, createdAt: undefined, ttlSeconds: undefined },
};
const NO_WRITES = {
  create: () => Promise.reject(new Error('not used here')),
  remove: () => Promise.reject(new Error('not used here')),
};

describe('probes of a change on a big cluster', () => {
  it('live as long as the slowest change may take, and its way back', () => {
    const slowest = rollOf(5_000, 2);

    expect(podsLiveMs({ estimateS: slowest.mixedS })).toBeGreaterThan(enableNativeRouting.deadlineMs);
    expect(podsLiveMs({ estimateS: rollOf(3, 2).mixedS })).toBeLessThan(5 * HOUR_MS);
  });

  it('are summed up as they are read: never are all logs in memory', async () => {
    let open = 0;
    let most = 0;
    const log = Array.from({ length: 50 }, (_, at) => `${1_795_400_000_000 + at * 1_000} node2 ok 10.0.1.9`);
    const port: ClusterPort = {
      ...fakeCluster(),
      podLog: async () => {
        open += 1;
        most = Math.max(most, open);
        return log.join('\n');
      },
    };
    const clients = Array.from({ length: 200 }, (_, at): ProbePod => ({ ...CLIENT, name: `client-${at}` }));
    const probes = { write: NO_WRITES, owner: 'run-aaaaaa', namespace: 'cilium-chatops', image: 'x' };
    const signal = new AbortController().signal;
    const reading = readingOf({ cluster: port, clock: createFakeClock(), log: silentLog, signal, probes }, clients);

    const losses = await reading.summarise(
      60_000,
      (pair) => {
        open -= 1;
        return lossOf(pair);
      },
      signal,
    );

    expect(losses).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(20);
  });
});
