import { isSameBesides, keptValues } from '../../src/cilium/switch/helm-values.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext } from '../../src/core/job.ts';
import type { HelmRelease, HelmValues } from '../../src/core/ports/change-ports.ts';
import { isOutage, patiently } from './patience.ts';

const ATTEMPTS = 4;
const PAUSE_MS = 3 * SECOND_MS;

export type Converging = {
  readonly work: SwitchWork;
  readonly values: HelmValues;
  readonly description: string;
  /** A pending revision may be that of a helm that was killed with an earlier attempt of this run. */
  readonly mayBeOurs: boolean;
  /** The newest revision when this was approved: nothing is written on top of another. Absent: whatever is there. */
  readonly expected?: number | undefined;
  /** Before helm is started. */
  readonly onWrite: () => void;
  /** Helm was started, and is known to have written nothing. */
  readonly onRefused: () => void;
};

export type Converged = { readonly revision: number; readonly wrote: boolean };

/**
 * Brings the release to `values`, whatever an earlier attempt left: nothing when it says so already, settled first when
 * a killed helm left it pending. After any failure that may have had an effect it reads again before it writes again.
 * @throws OpsError Conflict when somebody else's helm is at work; what helm said when it refused
 */
export async function convergeHelm(context: ChangeContext, wanted: Converging): Promise<Converged> {
  const { helm, signal } = context;
  const { namespace, name } = wanted.work.release;
  const ref = { namespace, name };
  let { mayBeOurs } = wanted;
  let writtenOn: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const release = await patiently(context, () => helm.release(ref, signal));
    if (release.status === 'deployed' && says(release, wanted.values))
      return { revision: release.revision, wrote: writtenOn !== undefined };
    if (isPending(release)) {
      await settle(context, wanted, { release, writtenOn, maySettle: mayBeOurs && attempt <= ATTEMPTS });
      continue;
    }
    if (writtenOn === undefined) refuseOvertaken(release, wanted);
    wanted.onWrite();
    writtenOn ??= release.revision;
    mayBeOurs = true;
    await upgrade(context, wanted, attempt);
  }
}

type Pending = {
  readonly release: HelmRelease;
  /** The newest revision when this attempt first started helm. */
  readonly writtenOn: number | undefined;
  readonly maySettle: boolean;
};

/** @throws OpsError Conflict when it is not ours, or does not settle */
async function settle(context: ChangeContext, wanted: Converging, pending: Pending): Promise<void> {
  const { release, maySettle } = pending;
  const { namespace, name } = wanted.work.release;
  const { description } = wanted;
  if (!maySettle || !(await looksOurs(context, release, wanted.work))) throw await lostTo(context, wanted, pending);
  await patiently(context, () => context.helm.settlePending({ namespace, name, description }, context.signal));
}

function refuseOvertaken(release: HelmRelease, { expected }: Converging): void {
  if (expected !== undefined && release.revision !== expected) throw overtaken(release);
}

/**
 * Another helm was faster. Helm records a revision before it touches anything: when none of those since then holds our
 * values, ours has written nothing, and there is nothing to undo.
 */
async function lostTo(
  context: ChangeContext,
  { work, values, onRefused }: Converging,
  { release, writtenOn }: Pending,
): Promise<OpsError> {
  const { helm, signal } = context;
  const ref = { namespace: work.release.namespace, name: work.release.name };
  if (writtenOn !== undefined) {
    const history = await patiently(context, () => helm.history(ref, signal));
    const since = history.filter(({ revision }) => revision > writtenOn);
    const held = await Promise.all(
      since.map(({ revision }) => patiently(context, () => helm.release({ ...ref, revision }, signal))),
    );
    if (![release, ...held].some((each) => says(each, values))) onRefused();
  }
  return foreignHelm(release);
}

/** Returns without an error where reading again may tell more than the failure did. */
async function upgrade(
  { helm, signal, clock, log }: ChangeContext,
  { work, values, description }: Converging,
  attempt: number,
): Promise<void> {
  const { namespace, name } = work.release;
  try {
    await helm.upgrade({ namespace, name, set: values, description }, signal);
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    if (attempt >= ATTEMPTS || !mayHelpToRepeat(thrown)) throw thrown;
    log.warn({ err: thrown, attempt }, 'helm upgrade failed: reading what it has done');
    await clock.sleep(PAUSE_MS, signal);
  }
}

function isPending({ status }: HelmRelease): boolean {
  return status.startsWith('pending-');
}

/**
 * Helm names nobody while it is at work, so what it is about to set must tell: what this run sets, in one direction or
 * the other, on the chart and the other values of the revision that is deployed. Taking back another's upgrade is not
 * ours to do; taking back one that would change nothing else does no harm.
 */
async function looksOurs(context: ChangeContext, pending: HelmRelease, { release, set, old }: SwitchWork) {
  const { helm, signal } = context;
  const ref = { namespace: release.namespace, name: release.name };
  if (!says(pending, set) && !says(pending, old)) return false;
  const history = await patiently(context, () => helm.history(ref, signal));
  const deployed = history.findLast(({ status }) => status === 'deployed');
  if (deployed === undefined) return false;
  const base = await patiently(context, () => helm.release({ ...ref, revision: deployed.revision }, signal));
  return base.chartDigest === pending.chartDigest && isSameBesides(base.config, pending.config, Object.keys(set));
}

function mayHelpToRepeat(thrown: unknown): boolean {
  return isOutage(thrown) || (thrown instanceof OpsError && thrown.code === 'Conflict');
}

export function says({ config }: Pick<HelmRelease, 'config'>, values: HelmValues): boolean {
  const found = keptValues(config, Object.keys(values));
  return Object.entries(values).every(([key, value]) => found[key] === value);
}

function overtaken({ name, namespace, revision }: HelmRelease): OpsError {
  return new OpsError('Conflict', `somebody else made revision ${revision} of ${name} since this was approved`, {
    nextStep: `see helm -n ${namespace} history ${name}, then ask again: the plan is made anew`,
  });
}

function foreignHelm({ name, namespace, revision, status }: HelmRelease): OpsError {
  return new OpsError('Conflict', `revision ${revision} of ${name} is ${status}, and not by this run`, {
    nextStep: `wait for the helm that is at it; if there is none: helm -n ${namespace} rollback ${name}`,
  });
}

/** Names run and people, so that `helm history` is an audit trail. */
export function describeRevision({ run, by, approvedBy }: ChangeContext, what: string): string {
  const approvers = approvedBy.length === 0 ? '' : `, approved by ${approvedBy.join(', ')}`;
  return `cilium-chatops ${run}: ${what}; asked by ${by}${approvers}`;
}
