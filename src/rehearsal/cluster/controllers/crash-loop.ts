/** An agent that cannot start: the kubelet restarts its container, later each time, with the same configuration. */
import { type KubeObject, textAt } from '../kube-object.ts';
import { crashed, restarted } from './pod-status.ts';
import { podStillThere } from './pods.ts';
import { addAgentTaint } from './taints.ts';
import type { ControllerWorld } from './world.ts';

/** A start that fails takes about three seconds: recorded. */
const FAILS_AFTER_MS = 3_000;
const FIRST_BACK_OFF_SECONDS = 10;
const LONGEST_BACK_OFF_SECONDS = 300;

/** The first restart comes at once; then 10, 20, 40 … 300 s. */
function backOffSeconds(crashes: number): number {
  if (crashes <= 1) return 0;
  return Math.min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2 ** (crashes - 2));
}

/** Goes on until the pod is deleted. */
export function runCrashLoop(world: ControllerWorld, pod: KubeObject): void {
  const type = world.type('v1', 'Pod');
  const present = (): KubeObject | undefined => {
    const found = podStillThere(world, pod);
    return found?.metadata.deletionTimestamp === undefined ? found : undefined;
  };
  const crash = (crashes: number): void => {
    const found = present();
    if (found === undefined) return;
    const seconds = backOffSeconds(crashes);
    world.store.put(type, crashed(found, world.now(), seconds));
    addAgentTaint(world, textAt(found, 'spec', 'nodeName'));
    world.pace.after(seconds * 1_000, () => {
      const waiting = present();
      if (waiting === undefined) return;
      world.store.put(type, restarted(waiting, world.now()));
      world.pace.after(FAILS_AFTER_MS, () => crash(crashes + 1));
    });
  };
  world.pace.after(FAILS_AFTER_MS, () => crash(1));
}
