import pMap from 'p-map';
import { type SeenPod, turnOf } from '../../src/cilium/restart/restart-progress.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import type { Eviction } from '../../src/core/ports/change-ports.ts';
import { patiently } from '../changing/patience.ts';
import { isOver, type OwnerWatch, type Restarting } from './restarting.ts';

/** Owners side by side, and evictions of one owner: more would only queue up in the API server. */
const OWNERS_IN_FLIGHT = 5;
const PODS_IN_FLIGHT = 5;
/** Where the server gives no hint of its own: a successor needs about so long to become ready. */
const ASK_AGAIN_MS = 1 * SECOND_MS;

/** Evicts the pods whose turn it is, of every owner. A pod that is gone, or going, is no failure. */
export async function evictRound({ context, watches }: Restarting): Promise<void> {
  const nowMs = context.clock.now().getTime();
  const open = watches.filter((watch) => !isOver(watch) && (watch.blocked?.askAtMs ?? 0) <= nowMs);
  await pMap(open, (watch) => evictSome(context, watch), { concurrency: OWNERS_IN_FLIGHT });
}

/** Until a budget says no: its other pods are under the same one, and would hear the same. */
async function evictSome(context: Restarting['context'], watch: OwnerWatch): Promise<void> {
  const turn = turnOf(watch.owner, watch.state).filter(({ uid }) => !watch.refused.has(uid));
  if (turn.length === 0) return;
  watch.blocked = undefined;
  let isBlocked = false;
  await pMap(
    turn,
    async (pod) => {
      if (isBlocked) return;
      isBlocked = takeAnswer(context, watch, { pod, answer: await evict(context, watch, pod) }) || isBlocked;
    },
    { concurrency: PODS_IN_FLIGHT },
  );
}

async function evict(context: Restarting['context'], { owner }: OwnerWatch, { name, uid }: SeenPod): Promise<Eviction> {
  const ref = { namespace: owner.namespace, name };
  return patiently(context, () => context.write.evict(ref, uid, context.signal));
}

/** Whether a budget said no. */
function takeAnswer(
  { clock }: Restarting['context'],
  watch: OwnerWatch,
  { pod, answer }: { readonly pod: SeenPod; readonly answer: Eviction },
): boolean {
  if (answer.type === 'refused') watch.refused.set(pod.uid, answer.why);
  if (answer.type !== 'blocked') return false;
  const askAtMs = clock.now().getTime() + (answer.retryAfterMs ?? ASK_AGAIN_MS);
  const budget = `${watch.owner.namespace}/${answer.budget ?? '(unnamed)'}`;
  watch.blocked = { why: `PodDisruptionBudget ${budget} says no: ${answer.why}`, askAtMs };
  return true;
}
