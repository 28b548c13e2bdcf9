import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import { type Meter, NO_METER, stopwatch } from '../core/meter.ts';
import type { HelmPort, HelmUpgrade } from '../core/ports/change-ports.ts';
import type { ClusterPort } from '../core/ports/ports.ts';
import { withoutSecrets } from '../core/run/manifest.ts';
import { writeChart } from './chart-folder.ts';
import { findHelm, type HelmEnv, type HelmResult, helmVersion, runHelm } from './helm-binary.ts';
import { toHelmError } from './helm-errors.ts';
import { inPrivateFolder, sweepPrivateFolders } from './private-folder.ts';
import { type ReleaseRecord, toHelmRelease } from './release-record.ts';
import {
  baseOf,
  isPending,
  listRevisions,
  newestOf,
  type ReleaseRef,
  type RevisionLabel,
  readHistory,
  readRecord,
} from './releases.ts';
import { changedBesides, valuesWith } from './values-file.ts';

export type HelmOptions = {
  readonly cluster: ClusterPort;
  /** A kubeconfig for this cluster alone, with credentials as of now. Secret. */
  readonly kubeconfig: (signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly env: HelmEnv;
  /** HELM_BIN; without it, helm on PATH. */
  readonly helmBin?: string;
  readonly limits?: Partial<HelmLimits>;
  readonly meter?: Meter;
};

export type HelmLimits = {
  readonly deadlineMs: number;
  readonly maxOutputBytes: number;
  /** A pending revision younger than this may still have a helm at work on it. */
  readonly settleAfterMs: number;
};

const LIMITS: HelmLimits = { deadlineMs: 180_000, maxOutputBytes: 64 * 1024 * 1024, settleAfterMs: 20_000 };
const SETTLE_POLL_MS = 2_000;
const MAX_DESCRIPTION = 500;

/** What `-o json` prints of a release, as far as it is used here. */
const Printed = z.object({
  version: z.number().int(),
  manifest: z.string().default(''),
  config: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((config) => config ?? {}),
});

type Helm = HelmOptions & { readonly all: HelmLimits; readonly binary: (signal: AbortSignal) => Promise<string> };

/**
 * Helm on one cluster, through the helm binary (3.14 or newer, 4). Reads release records itself; renders and applies
 * with helm, from the chart that the record holds. Opens nothing: the binary is looked for at the first use.
 */
export function createHelm(options: HelmOptions): HelmPort {
  const helm: Helm = { ...options, all: { ...LIMITS, ...options.limits }, binary: checkedOnce(options) };
  const { cluster } = options;
  return {
    release: async (ref, signal) => toHelmRelease(await recordOf(cluster, ref, signal)),
    history: (ref, signal) => readHistory(cluster, ref, signal),
    manifest: async (ref, signal) => {
      const { base } = await standing(cluster, ref, signal);
      return withoutSecrets((await readRecord(cluster, ref, base.secret, signal)).manifest);
    },
    dryRun: async (upgrade, signal) => {
      const { printed, before } = await upgradeWith(helm, upgrade, ['--dry-run=server'], signal);
      const others = changedBesides(before.config, printed.config, upgrade.set);
      if (others.length > 0) throw losesValues(others);
      return { manifest: withoutSecrets(printed.manifest) };
    },
    upgrade: async (upgrade, signal) => {
      const description = `--description=${oneLine(upgrade.description)}`;
      const { printed, newest } = await upgradeWith(helm, upgrade, [description], signal);
      if (printed.version !== newest.revision + 1) throw overtaken(helm, upgrade);
      return { revision: printed.version };
    },
    settlePending: (ref, signal) => settlePending(helm, ref, signal),
  };
}

/** The version is checked once per process; a failed check is made again, so a repaired worker needs no restart. */
function checkedOnce({ env, helmBin, clock }: HelmOptions): (signal: AbortSignal) => Promise<string> {
  let checked: string | undefined;
  return async (signal) => {
    if (checked !== undefined) return checked;
    const binary = findHelm(env, helmBin);
    await sweepPrivateFolders(clock.now());
    await inPrivateFolder((folder) => helmVersion({ binary, folder, env }, signal));
    checked = binary;
    return binary;
  };
}

async function recordOf(
  cluster: ClusterPort,
  ref: ReleaseRef & { readonly revision?: number },
  signal: AbortSignal,
): Promise<ReleaseRecord> {
  const revisions = await listRevisions(cluster, ref, signal);
  const wanted =
    ref.revision === undefined ? newestOf(revisions) : revisions.find(({ revision }) => revision === ref.revision);
  if (wanted !== undefined) return readRecord(cluster, ref, wanted.secret, signal);
  throw new OpsError('NotFound', `release ${ref.name} has no revision ${ref.revision} any more`, {
    nextStep: `use one of: ${revisions.map(({ revision }) => revision).join(', ')}`,
  });
}

/** @throws OpsError NotFound when no revision can be upgraded */
async function standing(cluster: ClusterPort, ref: ReleaseRef, signal: AbortSignal) {
  const revisions = await listRevisions(cluster, ref, signal);
  const base = baseOf(revisions);
  const newest = newestOf(revisions);
  if (base !== undefined) return { base, newest, revisions };
  throw new OpsError('NotFound', `no revision of release ${ref.name} is deployed (the newest is ${newest.status})`, {
    nextStep: `see \`helm -n ${ref.namespace} history ${ref.name}\``,
  });
}

async function upgradeWith(helm: Helm, upgrade: HelmUpgrade, more: readonly string[], signal: AbortSignal) {
  const { base, newest } = await standing(helm.cluster, upgrade, signal);
  if (isPending(newest)) throw underWay(helm, upgrade, newest);
  const before = await readRecord(helm.cluster, upgrade, base.secret, signal);
  const stdout = await inPrivateFolder(async (folder) => {
    await writeChart(join(folder, 'chart'), before.chart);
    await writeFile(join(folder, 'values.json'), JSON.stringify(valuesWith(before.config, upgrade.set)), {
      mode: 0o600,
    });
    const args = ['upgrade', upgrade.name, './chart', '--reset-values', '--values=values.json', '--output=json'];
    return runOnCluster(helm, { folder, ref: upgrade, args: [...args, ...more] }, signal);
  });
  return { printed: parsed(stdout), before, newest };
}

type Task = { readonly folder: string; readonly ref: ReleaseRef; readonly args: readonly string[] };

async function runOnCluster(helm: Helm, { folder, ref, args }: Task, signal: AbortSignal): Promise<string> {
  const binary = await helm.binary(signal);
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, await helm.kubeconfig(signal), { mode: 0o600 });
  const { deadlineMs, maxOutputBytes } = helm.all;
  const namespaced = [...args, `--namespace=${ref.namespace}`];
  const call = { binary, args: namespaced, folder, kubeconfigPath, env: helm.env, deadlineMs, maxOutputBytes };
  const result = await measured(helm, args, () => runHelm(call, signal));
  if (result.exitCode === 0) return result.stdout;
  throw toHelmError(result.stderr, { cluster: helm.cluster.name, ...ref, verb: args[0] ?? '' });
}

async function measured(
  { meter = NO_METER }: Helm,
  args: readonly string[],
  work: () => Promise<HelmResult>,
): Promise<HelmResult> {
  const seconds = stopwatch();
  const action = args.includes('--dry-run=server') ? 'dry-run' : (args[0] ?? '');
  let result = 'failed';
  try {
    const ran = await work();
    if (ran.exitCode === 0) result = 'ok';
    return ran;
  } finally {
    meter.observe('helm_run_duration_seconds', { action, result }, seconds());
  }
}

function parsed(stdout: string): z.infer<typeof Printed> {
  try {
    return Printed.parse(JSON.parse(stdout));
  } catch (cause: unknown) {
    throw new OpsError('UnexpectedAnswer', 'helm did not print the release as JSON', {
      nextStep: 'check with `helm history` what it has done',
      cause,
    });
  }
}

/**
 * The helm of a worker that was killed may live on: a young pending revision is given time to settle by itself. Helm
 * keeps no description with a rollback, so `description` is not recorded; `Rollback to <n>` is.
 */
async function settlePending(helm: Helm, ref: ReleaseRef, signal: AbortSignal): Promise<{ readonly revision: number }> {
  const { cluster, clock } = helm;
  let state = await standing(cluster, ref, signal);
  while (isPending(state.newest) && ageMs(helm, state.newest) < helm.all.settleAfterMs) {
    await clock.sleep(SETTLE_POLL_MS, signal);
    state = await standing(cluster, ref, signal);
  }
  if (!isPending(state.newest)) return { revision: state.newest.revision };
  const args = ['rollback', ref.name, String(state.base.revision)];
  await inPrivateFolder((folder) => runOnCluster(helm, { folder, ref, args }, signal));
  return { revision: newestOf(await listRevisions(cluster, ref, signal)).revision };
}

function ageMs({ clock }: Helm, { createdAt }: RevisionLabel): number {
  return createdAt === undefined ? Number.POSITIVE_INFINITY : clock.now().getTime() - createdAt.getTime();
}

function underWay({ cluster }: Helm, { namespace, name }: ReleaseRef, newest: RevisionLabel): OpsError {
  const since = newest.createdAt === undefined ? '' : ` since ${newest.createdAt.toISOString()}`;
  return new OpsError(
    'Conflict',
    `revision ${newest.revision} of ${name} on ${cluster.name} is ${newest.status}${since}`,
    {
      nextStep: `wait for the helm that is at it; if there is none, \`helm -n ${namespace} rollback ${name}\``,
    },
  );
}

/** Helm keeps others out while it is at work, but not between our look and its start. */
function overtaken({ cluster }: Helm, { namespace, name }: ReleaseRef): OpsError {
  return new OpsError('Conflict', `somebody else upgraded ${name} on ${cluster.name} just before the bot did`, {
    nextStep: `their values may be lost: compare the newest revisions in \`helm -n ${namespace} history ${name}\``,
  });
}

function losesValues(paths: readonly string[]): OpsError {
  return new OpsError('Rejected', `the upgrade would change other values too: ${paths.slice(0, 10).join(', ')}`, {
    nextStep: 'compare `helm get values` with what deploys this release',
  });
}

function oneLine(description: string): string {
  return description
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_DESCRIPTION);
}
