import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { ChangeLease, ClusterWritePort } from '../core/ports/change-ports.ts';
import type { ClusterPort, Log } from '../core/ports/ports.ts';
import { LEASES } from '../core/resources.ts';
import { Holder, judge, lockedBy, microTime, takenFrom } from './lease-rules.ts';

const NAME = 'cilium-chatops';
const LEASE_SECONDS = 60;
const RENEW_MS = 15_000;
/** An expired Lease is watched for one renewal: clocks of workers differ, and its holder may be alive. */
const OBSERVE_MS = 20_000;
const ATTEMPTS = 5;

/** Loose where others may have put something: it is written back as it was. */
const Lease = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .prefault({}),
});
type Lease = z.infer<typeof Lease>;

export type LeaseOptions = {
  readonly cluster: ClusterPort;
  /** Unguarded: this is the guard. */
  readonly write: ClusterWritePort;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the Helm release. */
  readonly namespace: string;
  readonly run: RunId;
  readonly attempt: number;
};

type Held = LeaseOptions & { readonly holder: string };

/**
 * The Lease of a change, in `coordination.k8s.io`. States: not held → `acquire` → held, renewed every 15 s by itself →
 * `release`. It is lost for good when a later attempt of the same run, or another run after it expired, takes it:
 * `prove` says so by then. `kubectl get lease cilium-chatops` shows who changes the cluster.
 */
export function createChangeLease(options: LeaseOptions): ChangeLease {
  const held: Held = { ...options, holder: Holder.format(options.run, options.attempt) };
  let renewal: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  return {
    acquire: async (signal) => {
      await acquire(held, signal);
      if (renewal !== undefined) return;
      const stop = new AbortController();
      renewal = { stop, ended: keepRenewing(held, stop.signal) };
    },
    prove: async (signal) => {
      const lease = await ownLease(held, signal);
      const renewedMs = Date.parse(lease.spec.renewTime ?? '');
      // The renewals did not get through for a while.
      if (!(held.clock.now().getTime() - renewedMs < 2 * RENEW_MS)) await renew(held, signal);
    },
    release: async (signal) => {
      renewal?.stop.abort();
      await renewal?.ended;
      renewal = undefined;
      await giveUp(held, signal);
    },
  };
}

async function acquire(held: Held, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const lease = await readLease(held, signal);
    try {
      await (lease === undefined ? create(held, signal) : take(held, lease, signal));
      return;
    } catch (thrown: unknown) {
      // Somebody was faster: look again who it was.
      if (!isCode(thrown, 'Conflict') || attempt >= ATTEMPTS) throw thrown;
    }
  }
}

async function take(held: Held, lease: Lease, signal: AbortSignal): Promise<void> {
  const { holder, clock } = held;
  const verdict = judge(lease.spec, { holder, now: clock.now() });
  if (verdict === 'locked') throw lockedBy(held.cluster.name, lease.spec);
  if (verdict === 'superseded') throw takenFrom(holder, lease.spec.holderIdentity);
  if (verdict === 'expired') return takeOver(held, lease, signal);
  await write(held, lease, verdict === 'ours' ? {} : taken(held, lease), signal);
}

async function takeOver(held: Held, lease: Lease, signal: AbortSignal): Promise<void> {
  await held.clock.sleep(OBSERVE_MS, signal);
  try {
    await write(held, lease, taken(held, lease), signal);
  } catch (thrown: unknown) {
    // It was written meanwhile: its holder lives, or somebody else took it.
    throw isCode(thrown, 'Conflict') ? lockedBy(held.cluster.name, lease.spec) : thrown;
  }
}

function taken({ clock }: Held, { spec }: Lease): object {
  return { acquireTime: microTime(clock.now()), leaseTransitions: (spec.leaseTransitions ?? 0) + 1 };
}

function create(held: Held, signal: AbortSignal): Promise<unknown> {
  const now = microTime(held.clock.now());
  const { namespace, holder } = held;
  return held.write.create(
    LEASES,
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: NAME, namespace, labels: { 'app.kubernetes.io/managed-by': 'cilium-chatops' } },
      spec: { holderIdentity: holder, leaseDurationSeconds: LEASE_SECONDS, acquireTime: now, renewTime: now },
    },
    signal,
  );
}

/** Compare-and-set on the version that was read. */
function write(held: Held, lease: Lease, spec: object, signal: AbortSignal): Promise<unknown> {
  const renewed = {
    ...lease.spec,
    holderIdentity: held.holder,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: microTime(held.clock.now()),
    ...spec,
  };
  return held.write.replace(LEASES, { ...lease, spec: renewed }, signal);
}

async function keepRenewing(held: Held, stop: AbortSignal): Promise<void> {
  const { clock, log, run, cluster } = held;
  const isOver = (): boolean => stop.aborted;
  while (!isOver()) {
    try {
      await clock.sleep(RENEW_MS, stop);
      await renew(held, stop);
    } catch (thrown: unknown) {
      if (isOver()) return;
      log.warn({ run, cluster: cluster.name, err: thrown }, 'the lease of a change was not renewed');
      if (isCode(thrown, 'Superseded')) return;
    }
  }
}

async function renew(held: Held, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const lease = await ownLease(held, signal);
    try {
      await write(held, lease, {}, signal);
      return;
    } catch (thrown: unknown) {
      if (!isCode(thrown, 'Conflict') || attempt >= ATTEMPTS) throw thrown;
    }
  }
}

/** @throws OpsError Superseded when it is somebody else's, or gone */
async function ownLease(held: Held, signal: AbortSignal): Promise<Lease> {
  const lease = await readLease(held, signal);
  if (lease?.spec.holderIdentity === held.holder) return lease;
  throw takenFrom(held.holder, lease?.spec.holderIdentity);
}

async function readLease(held: Held, signal: AbortSignal): Promise<Lease | undefined> {
  const { cluster, namespace } = held;
  try {
    const parsed = Lease.safeParse(await cluster.get(LEASES, { namespace, name: NAME }, signal));
    if (parsed.success) return parsed.data;
    throw new OpsError('UnexpectedAnswer', `lease ${NAME} in ${namespace} on ${cluster.name} is not a Lease`, {
      nextStep: `look at it with \`kubectl -n ${namespace} get lease ${NAME} -o yaml\``,
      cause: parsed.error,
    });
  } catch (thrown: unknown) {
    if (isCode(thrown, 'NotFound')) return;
    throw thrown;
  }
}

/** Never fails: a Lease that could not be given back expires by itself. */
async function giveUp(held: Held, signal: AbortSignal): Promise<void> {
  try {
    const lease = await ownLease(held, signal);
    await write(held, lease, { holderIdentity: '' }, signal);
  } catch (thrown: unknown) {
    if (isCode(thrown, 'Superseded')) return;
    held.log.warn({ run: held.run, cluster: held.cluster.name, err: thrown }, 'the lease of a change was not released');
  }
}

function isCode(thrown: unknown, code: OpsError['code']): boolean {
  return thrown instanceof OpsError && thrown.code === code;
}
