import { setTimeout as delay } from 'node:timers/promises';
import { type OpenCluster, openCluster } from '../../src/cluster/connect.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import type { ClusterPort, Log } from '../../src/core/ports/ports.ts';
import { type RehearsalCluster, startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export type OpenRehearsal = {
  readonly port: ClusterPort;
  readonly write: ClusterWritePort;
  readonly kubeconfig: (signal: AbortSignal) => Promise<string>;
  readonly signs: OpenCluster['signs'];
  readonly rehearsal: RehearsalCluster;
  readonly close: () => Promise<void>;
};

/** Starts a rehearsal cluster and opens it through the real port, as the user of one of its contexts. */
export async function openRehearsalCluster(
  options: { readonly context?: string; readonly start?: Parameters<typeof startRehearsalCluster>[0] } = {},
): Promise<OpenRehearsal> {
  const rehearsal = await startRehearsalCluster(options.start);
  const { port, write, kubeconfig, signs, close } = await openCluster({
    name: ClusterName.parse('prod'),
    context: options.context ?? 'admin',
    kubeconfigPath: rehearsal.kubeconfigPath,
    clock: systemClock,
    log: silentLog,
  });
  return {
    port,
    write,
    kubeconfig,
    signs,
    rehearsal,
    close: async () => {
      await close();
      await rehearsal.close();
    },
  };
}
