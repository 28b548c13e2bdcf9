import { SwitchWork } from '../../src/cilium/switch-work.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext, JobRun } from '../../src/core/job.ts';
import type { Plan } from '../../src/core/plan.ts';

/** Applies a switch of the routing mode, in either direction. */
export async function* applySwitch(plan: Plan, { cluster }: ChangeContext): JobRun {
  const { to } = SwitchWork.parse(plan.work);
  yield { type: 'step-started', step: 'upgrade', title: `Switch to ${to.mode}` };
  throw new OpsError('Bug', `switching ${cluster.name} is not part of this version`);
}
