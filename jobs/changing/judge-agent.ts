import { type RoutingTarget, targetWords } from '../../src/cilium/switch/switch-work.ts';
import { type Agent, runs } from './agent-pods.ts';

export type Verdict =
  | { readonly type: 'done' }
  | { readonly type: 'replace' }
  | { readonly type: 'wait' }
  | { readonly type: 'failed'; readonly why: string };

export type Situation = {
  readonly target: RoutingTarget;
  /** This attempt has deleted the pod before this one. */
  readonly isOurs: boolean;
  /** When the settings were written, by the clock that dates pods; 0 when nobody knows. */
  readonly sinceMs: number;
  /** The DaemonSet replaces agents by itself (rollOutCiliumPods). */
  readonly rollsByItself: boolean;
};

/** Between two crashes the kubelet waits 10, 20, 40 s …: the second one is no accident any more. */
const CRASHES = 2;

/** What is to be done about the agent of one node. `undefined`: there is none, or it is on its way out. */
export function judgeAgent(agent: Agent | undefined, situation: Situation): Verdict {
  if (agent === undefined) return { type: 'wait' };
  if (runs(agent, situation.target)) return { type: 'done' };
  const { isOurs, target, sinceMs } = situation;
  if (agent.ready && agent.answer.state !== 'answered') return { type: 'wait' };
  if (agent.ready && isOurs)
    return { type: 'failed', why: `its agent came back, and does not run ${targetWords(target)}` };
  if (agent.ready) return { type: mayStillRoll(agent, situation) ? 'wait' : 'replace' };
  // Older than the settings and down: what its init container rendered then is what it crashes with.
  if (!isOurs && agent.createdMs < sinceMs) return { type: 'replace' };
  if (!isCrashing(agent)) return { type: 'wait' };
  return { type: 'failed', why: `its agent crashes again and again (${agent.restarts} restarts)` };
}

/**
 * The DaemonSet will replace it by itself. One that is younger than the settings it has replaced already: when that runs
 * the old mode all the same it is replaced once more, by us.
 */
function mayStillRoll({ createdMs }: Agent, { rollsByItself, sinceMs }: Situation): boolean {
  return rollsByItself && (sinceMs === 0 || createdMs <= sinceMs);
}

function isCrashing({ trouble, restarts }: Agent): boolean {
  return trouble === 'CrashLoopBackOff' && restarts >= CRASHES;
}
