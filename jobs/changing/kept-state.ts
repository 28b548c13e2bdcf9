import { z } from 'zod';
import { parseSwitches, type RoutingSwitch, withSwitch } from '../../src/cilium/restart/stale-mtu.ts';
import { KEPT_STATE, type KeptState, parseKeptState } from '../../src/cilium/switch/way-back.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext, JobContext } from '../../src/core/job.ts';
import { CONFIG_MAPS } from '../../src/core/resources.ts';
import { patiently } from './patience.ts';
import type { Switching } from './switching.ts';

const StateMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

type Kept = { readonly state: KeptState | undefined; readonly switches: readonly RoutingSwitch[] };
const NOTHING: Kept = { state: undefined, switches: [] };

/** What the newest switch kept; undefined when there was none, or what is there cannot be understood. */
export async function readKept(reader: Reader, namespace: string): Promise<KeptState | undefined> {
  return (await readMap(reader, namespace)).state;
}

/** When the routing mode changed, oldest first, as far as this bot did it. */
export async function readSwitches(reader: Reader, namespace: string): Promise<readonly RoutingSwitch[]> {
  return (await readMap(reader, namespace)).switches;
}

type Reader = Pick<JobContext, 'cluster' | 'signal'>;

async function readMap({ cluster, signal }: Reader, namespace: string): Promise<Kept> {
  try {
    const parsed = StateMap.safeParse(await cluster.get(CONFIG_MAPS, { namespace, name: KEPT_STATE }, signal));
    if (!parsed.success) return NOTHING;
    const { data } = parsed.data;
    return { state: parseKeptState(data), switches: parseSwitches(data['switches']) };
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return NOTHING;
    throw thrown;
  }
}

/** Writes it, whatever was there: the Lease keeps every other writer away. Safe to repeat. */
export async function keep(context: ChangeContext, state: KeptState): Promise<void> {
  const { write, signal } = context;
  const { namespace } = state.work.release;
  const labels = { 'app.kubernetes.io/managed-by': 'cilium-chatops' };
  await patiently(context, async () => {
    const known = await readSwitches(context, namespace);
    const switches = withSwitch(known, switchOf(state, context.clock.now()));
    const data = { state: JSON.stringify(state), switches: JSON.stringify(switches) };
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

/** Pods of agents before 1.17 keep the route MTU of the mode they started in: `restart unmanaged --stale-mtu`. */
function switchOf({ run, startedAt, phase, work }: KeptState, now: Date): RoutingSwitch {
  const isOver = phase === 'done' || phase === 'undone';
  return {
    run,
    at: startedAt,
    ...(isOver ? { until: now.toISOString() } : {}),
    from: work.from.mode,
    to: work.to.mode,
    ...(phase === 'undone' ? { undone: true } : {}),
  };
}
