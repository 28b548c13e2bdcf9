import { z } from 'zod';
import { KEPT_STATE, type KeptState, parseKeptState } from '../../src/cilium/way-back.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext, JobContext } from '../../src/core/job.ts';
import { CONFIG_MAPS } from '../../src/core/resources.ts';
import { patiently } from './patience.ts';
import type { Switching } from './switching.ts';

const StateMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

/** What the newest switch kept; undefined when there was none, or what is there cannot be understood. */
export async function readKept(
  { cluster, signal }: Pick<JobContext, 'cluster' | 'signal'>,
  namespace: string,
): Promise<KeptState | undefined> {
  try {
    const parsed = StateMap.safeParse(await cluster.get(CONFIG_MAPS, { namespace, name: KEPT_STATE }, signal));
    return parsed.success ? parseKeptState(parsed.data.data) : undefined;
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return undefined;
    throw thrown;
  }
}

/** Writes it, whatever was there: the Lease keeps every other writer away. Safe to repeat. */
export async function keep(context: ChangeContext, state: KeptState): Promise<void> {
  const { write, signal } = context;
  const { namespace } = state.work.release;
  const data = { state: JSON.stringify(state) };
  const labels = { 'app.kubernetes.io/managed-by': 'cilium-chatops' };
  await patiently(context, async () => {
    try {
      await write.mergePatch(CONFIG_MAPS, { namespace, name: KEPT_STATE }, { metadata: { labels }, data }, signal);
    } catch (thrown: unknown) {
      if (!(thrown instanceof OpsError) || thrown.code !== 'NotFound') throw thrown;
      const metadata = { namespace, name: KEPT_STATE, labels };
      await write.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, signal);
    }
  });
}

export function keptState({ context, work, startedMs }: Switching, phase: KeptState['phase'], why?: string): KeptState {
  return {
    schemaVersion: 1,
    run: context.run,
    startedAt: new Date(startedMs).toISOString(),
    phase,
    ...(why === undefined ? {} : { why: why.slice(0, 1_000) }),
    work,
  };
}
