import { OpsError } from '../core/errors.ts';
import type { ClusterName, RunId } from '../core/ids.ts';

type Spec = {
  readonly holderIdentity?: string | null | undefined;
  readonly leaseDurationSeconds?: number | null | undefined;
  readonly acquireTime?: string | null | undefined;
  readonly renewTime?: string | null | undefined;
};

/** `run-7f3k2q/2`: the second attempt at that run. */
export const Holder = {
  format: (run: RunId, attempt: number): string => `${run}/${attempt}`,
  parse: (holder: string): { readonly run: string; readonly attempt: number } | undefined => {
    const [, run, attempt] = /^(run-[0-9a-z]{6})\/(\d{1,6})$/.exec(holder) ?? [];
    return run === undefined ? undefined : { run, attempt: Number(attempt) };
  },
};

/**
 * What a Lease means to `holder`:
 *   ours        renew it
 *   free        nobody has it, or an earlier attempt of the same run, whose worker the queue has given up
 *   expired     its holder did not renew it in time: by our clock
 *   superseded  a later attempt of the same run has it
 *   locked      another change is under way
 */
export type Verdict = 'ours' | 'free' | 'expired' | 'superseded' | 'locked';

export function judge(spec: Spec, asked: { readonly holder: string; readonly now: Date }): Verdict {
  const current = spec.holderIdentity ?? '';
  if (current === '') return 'free';
  if (current === asked.holder) return 'ours';
  const [theirs, ours] = [Holder.parse(current), Holder.parse(asked.holder)];
  if (theirs !== undefined && theirs.run === ours?.run) return theirs.attempt < ours.attempt ? 'free' : 'superseded';
  return isExpired(spec, asked.now) ? 'expired' : 'locked';
}

/** A holder without a readable renewal never renewed; 60 s unless the Lease says otherwise. */
function isExpired({ renewTime, leaseDurationSeconds }: Spec, now: Date): boolean {
  const renewedMs = Date.parse(renewTime ?? '');
  return !(now.getTime() <= renewedMs + (leaseDurationSeconds ?? 60) * 1_000);
}

export function lockedBy(cluster: ClusterName, { holderIdentity, acquireTime }: Spec): OpsError {
  const holder = Holder.parse(holderIdentity ?? '');
  const who = holder === undefined ? `"${holderIdentity}"` : `${holder.run} (attempt ${holder.attempt})`;
  const sinceMs = Date.parse(acquireTime ?? '');
  const since = Number.isNaN(sinceMs)
    ? ''
    : `, since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return new OpsError('Locked', `${who} is changing ${cluster}${since}`, {
    nextStep:
      holder === undefined
        ? 'wait until it ends: the lease `cilium-chatops` in the namespace of Cilium names its holder'
        : `wait until it ends: \`show ${holder.run}\` tells how far it is`,
  });
}

export function takenFrom(holder: string, by: string | null | undefined): OpsError {
  const now = by === undefined || by === null || by === '' ? 'nobody has it now' : `${by} has it now`;
  return new OpsError('Superseded', `${holder} does not hold the lock of this change any more: ${now}`, {
    nextStep: 'look at the other run before asking again',
  });
}

/** Kubernetes' MicroTime takes exactly six digits. */
export function microTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z');
}
