import { botGroups, configChecks } from '../app/doctor/doctor-bots.ts';
import { readPresence } from '../app/doctor/doctor-presence.ts';
import { queueChecks } from '../app/doctor/doctor-queue.ts';
import { type CheckGroup, checkOf, checkOfError, type SelfChecks } from '../core/doctoring.ts';
import { OpsError } from '../core/errors.ts';
import type { ClusterName } from '../core/ids.ts';
import type { ChatopsConfig } from '../core/policy/chatops-config.ts';
import { ruleFor } from '../core/policy/policy.ts';
import type { Check } from '../core/run/check.ts';
import type { OpenQueues } from '../queue/queues.ts';
import type { Env } from '../settings/config.ts';
import type { OpenState } from '../store/open-state.ts';
import { systemClock } from './system-clock.ts';

const PART_MS = 12_000;

export type SelfParts = {
  readonly env: Pick<Env, 'HELM_BIN' | 'helmEnv'>;
  readonly config: () => ChatopsConfig;
  readonly store: Pick<OpenState, 'state' | 'examine'>;
  readonly queues: Pick<OpenQueues, 'depth' | 'ticks'>;
};

/** Everything about this installation but the clusters, each part with a deadline of its own. Never rejects. */
export async function examineInstallation(
  { config, store, queues }: Omit<SelfParts, 'env'>,
  except?: string,
): Promise<readonly CheckGroup[]> {
  const now = systemClock.now();
  const named = {
    id: 'store-presence',
    title: 'What the processes say',
    why: 'bots and workers leave word in the store',
  };
  const told = await readPresence(store.state.blobs, now).then(
    (processes) => ({ processes, problems: [] as readonly Check[] }),
    (thrown: unknown) => ({ processes: [], problems: [checkOfError({ ...named, verdict: 'unknown' }, thrown)] }),
  );
  const { processes, problems } = told;
  const clusters = config().clusters.map(({ name }) => name);
  const schedules = config().schedules.map(({ name }) => name);
  const asked = {
    state: store.state,
    queues,
    ticks: queues.ticks,
    schedules,
    clock: systemClock,
    clusters,
    processes,
  };
  // One after the other: what is timed must not wait for the rest.
  const stored = await inTime('Store', () => store.examine());
  const queued = await inTime('Queue', () => queueChecks({ ...asked, ...(except === undefined ? {} : { except }) }));
  const configured = { title: 'Configuration', checks: configChecks(processes) };
  return [
    ...botGroups(processes, now),
    ...(configured.checks.length === 0 ? [] : [configured]),
    { title: 'Store', checks: [...stored, ...problems] },
    { title: 'Queue', checks: queued },
  ];
}

/** What a worker gives its doctor. */
export function selfChecksOf(
  parts: SelfParts,
  {
    cluster,
    run,
    connection,
  }: { readonly cluster: ClusterName; readonly run: string } & Pick<SelfChecks, 'connection'>,
): SelfChecks {
  const permits = permitsOf(parts.config(), cluster);
  return {
    groups: async () => {
      const installation = await examineInstallation(parts, run);
      const helm = await helmCheck(parts.env, parts.config().policy.rules.length > 0);
      return [...installation, { title: 'Worker', checks: [helm] }];
    },
    connection,
    permits,
  };
}

export function permitsOf({ policy }: ChatopsConfig, cluster: ClusterName): SelfChecks['permits'] {
  return (command, risk) => ruleFor(policy, { cluster, command, risk }) !== undefined;
}

/** helm is started as a change would start it: with a home of its own and nothing of this environment. Never rejects. */
export async function helmCheck(env: SelfParts['env'], changes: boolean): Promise<Check> {
  const why = 'changes are made with helm 3.14 or newer; reading needs none';
  try {
    const [{ findHelm, helmVersion }, { inPrivateFolder }] = await Promise.all([
      import('../helm/helm-binary.ts'),
      import('../helm/private-folder.ts'),
    ]);
    const helmEnv = env.helmEnv ?? {};
    const binary = findHelm(helmEnv, env.HELM_BIN);
    const version = await inPrivateFolder((folder) =>
      helmVersion({ binary, folder, env: helmEnv }, AbortSignal.timeout(PART_MS)),
    );
    return checkOf('helm', 'helm', { verdict: 'pass', evidence: `${version} at ${binary}`, why });
  } catch (thrown) {
    return checkOfError({ id: 'helm', title: 'helm', why, verdict: changes ? 'fail' : 'warn' }, thrown);
  }
}

async function inTime(title: string, work: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  const late = new OpsError('StoreUnavailable', `no answer within ${PART_MS / 1_000} s`);
  let timer: NodeJS.Timeout | undefined;
  try {
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late), PART_MS);
    });
    return await Promise.race([work(), tooLate]);
  } catch (thrown) {
    const why = 'runs, votes and the queue live in the store';
    return [checkOfError({ id: `${title.toLowerCase()}-reached`, title, why, verdict: 'fail' }, thrown)];
  } finally {
    clearTimeout(timer);
  }
}
