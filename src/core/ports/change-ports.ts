import type { RunId } from '../ids.ts';
import type { Resource } from '../resources.ts';
import type { ObjectRef } from './ports.ts';

/**
 * Writing to a cluster. What a job gets is guarded: every call first proves that the change's Lease is still ours, so
 * neither a lost queue lock, nor a second bot, nor a terminal can make two changes at once.
 * @throws OpsError Superseded when the Lease is not ours any more; Conflict, NotFound, Forbidden, Rejected … as reads do
 */
export type ClusterWritePort = {
  readonly create: (resource: Resource, object: object, signal: AbortSignal) => Promise<unknown>;
  /** Compare-and-set: `object` carries the resourceVersion that was read. */
  readonly replace: (resource: Resource, object: object, signal: AbortSignal) => Promise<unknown>;
  /** JSON merge patch (RFC 7386). */
  readonly mergePatch: (resource: Resource, ref: ObjectRef, patch: object, signal: AbortSignal) => Promise<unknown>;
  /** Deleting what is gone already is no error. `uid` guards against deleting a namesake. */
  readonly remove: (
    resource: Resource,
    ref: ObjectRef,
    options: { readonly uid?: string; readonly graceSeconds?: number },
    signal: AbortSignal,
  ) => Promise<void>;
  /**
   * Evicts a pod through its eviction subresource: disruption budgets are asked by the server. Safe to repeat; `uid`
   * guards against evicting the successor of the same name.
   * @throws OpsError TooManyRequests only when the server is overloaded: a budget that says no is an answer
   */
  readonly evict: (
    ref: { readonly namespace: string; readonly name: string },
    uid: string,
    signal: AbortSignal,
  ) => Promise<Eviction>;
};

/** What the server answers to an eviction. */
export type Eviction =
  /** It is on its way out. */
  | { readonly type: 'evicted' }
  /** It was gone already, or another pod has its name. */
  | { readonly type: 'gone' }
  /** A budget allows none now: in the server's words, with its name, and when the server says to come back. */
  | {
      readonly type: 'blocked';
      readonly why: string;
      readonly budget: string | undefined;
      readonly retryAfterMs: number | undefined;
    }
  /** It cannot be evicted at all, whatever one waits for: two budgets select it, or an admission policy says no. */
  | { readonly type: 'refused'; readonly why: string };

/** A Helm release as its record tells it. `config` are the user's values, `chartValues` the chart's defaults. */
export type HelmRelease = {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** deployed, failed, pending-upgrade, pending-rollback, … */
  readonly status: string;
  readonly chartName: string;
  readonly chartVersion: string;
  readonly appVersion: string;
  /** SHA-256 over the chart's files as recorded: the same chart gives the same digest, whatever the release. */
  readonly chartDigest: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly description: string;
};

/** Values to set, as dotted Helm paths: `{ routingMode: 'native', tunnel: null }`. null removes a user value. */
export type HelmValues = Readonly<Record<string, string | number | boolean | null>>;

export type HelmUpgrade = { readonly namespace: string; readonly name: string; readonly set: HelmValues };

/** Helm, through the helm binary, with the chart that the release record holds: nothing is fetched. */
export type HelmPort = {
  /** Newest revision, whatever its status. @throws OpsError NotFound without a release, Forbidden without rights on Secrets */
  readonly release: (
    ref: { readonly namespace: string; readonly name: string; readonly revision?: number },
    signal: AbortSignal,
  ) => Promise<HelmRelease>;
  /** Revisions that are still recorded, oldest first. */
  readonly history: (
    ref: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<readonly { readonly revision: number; readonly status: string; readonly description: string }[]>;
  /** `helm upgrade --dry-run=server` with the user's values and `set`: the manifest it would apply, Secrets left out. */
  readonly dryRun: (upgrade: HelmUpgrade, signal: AbortSignal) => Promise<{ readonly manifest: string }>;
  /** The manifest of the newest deployed revision, Secrets left out. */
  readonly manifest: (
    ref: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<string>;
  /** Applies. `description` becomes the revision's description in `helm history`. Answers the new revision. */
  readonly upgrade: (
    upgrade: HelmUpgrade & { readonly description: string },
    signal: AbortSignal,
  ) => Promise<{ readonly revision: number }>;
  /**
   * Settles a release left pending by a helm that was killed: rolls back to the newest revision that was deployed, once
   * no helm can be at work on it any more. Helm gives rollbacks a description of its own.
   */
  readonly settlePending: (
    ref: { readonly namespace: string; readonly name: string; readonly description: string },
    signal: AbortSignal,
  ) => Promise<{ readonly revision: number }>;
};

/** The Lease that makes changes on a cluster exclusive. Holder: run id and attempt. */
export type ChangeLease = {
  /** Takes or renews it. @throws OpsError Locked naming the holder and since when */
  readonly acquire: (signal: AbortSignal) => Promise<void>;
  /** @throws OpsError Superseded when it is not ours any more */
  readonly prove: (signal: AbortSignal) => Promise<void>;
  readonly release: (signal: AbortSignal) => Promise<void>;
};

/** What one attempt at a change works with. `helm` and `write` are guarded by `lease`; reading needs no Lease. */
export type ChangePorts = {
  readonly helm: HelmPort;
  readonly write: ClusterWritePort;
  readonly lease: ChangeLease;
  readonly close: () => Promise<void>;
};

/** Who holds the Lease: a higher attempt of the same run may take it over. */
export type LeaseHolder = { readonly run: RunId; readonly attempt: number };
