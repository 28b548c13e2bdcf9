import { applySchedules, onTick, type TickDeps } from '../app/schedules/schedule-tick.ts';
import type { Consumers } from '../core/ports/ports.ts';
import type { Parts } from './parts.ts';

/** Nobody asks for a scheduled run, so nobody is looked up for it. */
const NO_GROUPS = { members: () => Promise.resolve(new Set<never>()) };

/** Takes ticks and follows `chatops.yaml`. @throws OpsError QueueUnavailable when the schedules cannot be put at all */
export async function startSchedules(
  { live }: Pick<Parts, 'live'>,
  consumers: Consumers,
  deps: Omit<TickDeps, 'groups'>,
): Promise<void> {
  const ticking: TickDeps = { ...deps, groups: NO_GROUPS };
  await consumers.consumeTicks((schedule, at) => onTick(ticking, schedule, at));
  await applySchedules(ticking);
  live.onChange(() => applySchedules(ticking));
}
