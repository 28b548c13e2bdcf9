import { DAY_MS } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { UserId } from '../../core/ids.ts';
import { isOpen, nextClosing, nextOpening } from '../../core/policy/maintenance-window.ts';
import type { Rule } from '../../core/policy/policy.ts';
import type { RunStore } from '../../core/ports/ports.ts';
import type { RunEventOf } from '../../core/run/events.ts';
import type { Plan } from '../../core/run/plan.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';

type Planned = RunEventOf<'planned'>;
type Terms = Pick<Planned, 'approvals' | 'expiresAt' | 'selfApproval' | 'opensAt' | 'alsoApprove' | 'approvers'>;

export type Proposed = {
  readonly runs: RunStore;
  readonly run: Run;
  readonly rule: Rule;
  readonly plan: Plan;
  readonly now: Date;
};

export type TermsFound = { readonly ok: true; readonly terms: Terms } | { readonly ok: false; readonly why: string };

/** Under which terms people are asked: what the rule says, for this plan and from this moment on. */
export async function termsFor(proposed: Proposed): Promise<TermsFound> {
  const { rule, now } = proposed;
  const times = timesOf(rule, now);
  if (times === undefined) return { ok: false, why: 'no maintenance window opens within eight days' };
  const undo = await undoneRequester(proposed);
  const { users, groups } = rule.approve;
  return {
    ok: true,
    terms: {
      approvals: undo === undefined ? rule.approvals : Math.min(1, rule.approvals),
      selfApproval: undo === undefined ? rule.selfApproval : true,
      ...(undo === undefined ? {} : { alsoApprove: [undo] }),
      approvers: { users: [...users], groups: [...groups] },
      ...times,
    },
  };
}

function timesOf(rule: Rule, now: Date): Pick<Terms, 'expiresAt' | 'opensAt'> | undefined {
  const { windows, expiresAfter } = rule;
  if (windows === undefined) return { expiresAt: new Date(now.getTime() + expiresAfter).toISOString() };
  const opens = isOpen(windows, now) ? now : nextOpening(windows, now);
  if (opens === undefined) return undefined;
  const latest = new Date(opens.getTime() + expiresAfter);
  const expiresAt = nextClosing(windows, opens, latest).toISOString();
  return opens > now ? { expiresAt, opensAt: opens.toISOString() } : { expiresAt };
}

/** Who asked for the run that this plan takes back, when that person may undo it alone. */
async function undoneRequester({ runs, run, rule, plan, now }: Proposed): Promise<UserId | undefined> {
  if (plan.undoes === undefined || !rule.undoAlone) return undefined;
  const undone = await loadRun(runs, plan.undoes).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code === 'UnknownRun') return undefined;
    throw thrown;
  });
  if (undone?.applying === undefined || undone.request.cluster !== run.request.cluster) return undefined;
  const ageMs = now.getTime() - Date.parse(undone.lastEventAt);
  return ageMs <= DAY_MS ? undone.request.by.user : undefined;
}
