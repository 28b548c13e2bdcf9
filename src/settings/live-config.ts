import { type Clock, SECOND_MS } from '../core/clock.ts';
import { toOpsError } from '../core/errors.ts';
import type { ChatopsConfig } from '../core/policy/chatops-config.ts';
import type { Log } from '../core/ports/ports.ts';
import type { Env } from './config.ts';
import { parseChatopsConfig, readConfigText, withoutFile } from './config-file.ts';

/** What doctor says about the file. `error` is why the newest version of it is not in use. */
export type ConfigState = {
  readonly file?: string;
  /** When the configuration that is in use was taken over, ISO 8601. */
  readonly loadedAt: string;
  readonly error?: { readonly at: string; readonly message: string };
};

export type LiveConfig = {
  readonly current: () => ChatopsConfig;
  readonly state: () => ConfigState;
  /** Reads the file now instead of at the next look. Never throws: what is wrong stands in the log and in `state`. */
  readonly reload: () => Promise<void>;
  /** Called after each change, one at a time and in order. What it throws is logged. */
  readonly onChange: (listener: (next: ChatopsConfig, before: ChatopsConfig) => Promise<void>) => void;
  readonly close: () => void;
};

type Parts = {
  readonly env: Pick<Env, 'CHATOPS_CONFIG' | 'KUBERNETES_SERVICE_HOST' | 'KUBECONFIG'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What else must hold of a configuration in this process. @throws OpsError */
  readonly check?: (config: ChatopsConfig) => void;
  readonly everyMs?: number;
};

const LOOK_EVERY_MS = 5 * SECOND_MS;

/**
 * `chatops.yaml`, followed while it changes. A ConfigMap that is mounted is replaced by swapping a symlink, which no
 * file watcher sees everywhere: the content is compared instead, every few seconds. A version that is not usable
 * changes nothing but the log and `state`.
 * @throws OpsError BadConfig when the first version is not usable
 */
export async function openLiveConfig({ env, clock, log, check, everyMs = LOOK_EVERY_MS }: Parts): Promise<LiveConfig> {
  const file = env.CHATOPS_CONFIG;
  const listeners: ((next: ChatopsConfig, before: ChatopsConfig) => Promise<void>)[] = [];
  const parse = (text: string): ChatopsConfig => {
    const config = file === undefined ? withoutFile(env) : parseChatopsConfig(file, text);
    check?.(config);
    return config;
  };
  const read = async (): Promise<string> => (file === undefined ? '' : readConfigText(file));
  let text = await read();
  let config = parse(text);
  let state: ConfigState = { ...(file === undefined ? {} : { file }), loadedAt: clock.now().toISOString() };

  async function look(): Promise<void> {
    try {
      const next = await read();
      if (next === text && state.error === undefined) return;
      const before = config;
      config = parse(next);
      text = next;
      const { error: _, ...rest } = state;
      state = { ...rest, loadedAt: clock.now().toISOString() };
      log.info({ file, ...differences(before, config) }, 'configuration reloaded');
      for (const listener of listeners) await listener(config, before).catch(failed);
    } catch (thrown) {
      refuse(toOpsError(thrown).message);
    }
  }

  /** Said once, not at every look. */
  function refuse(message: string): void {
    if (state.error?.message === message) return;
    state = { ...state, error: { at: clock.now().toISOString(), message } };
    log.error({ file, problem: message }, 'configuration not usable, the one before stays in use');
  }

  const failed = (thrown: unknown): void => log.error({ err: thrown }, 'configuration not taken over everywhere');
  let looking = Promise.resolve();
  const reload = (): Promise<void> => {
    looking = looking.then(look);
    return looking;
  };
  const timer = file === undefined ? undefined : setInterval(() => void reload(), everyMs);
  timer?.unref();
  return {
    current: () => config,
    state: () => state,
    reload,
    onChange: (listener) => void listeners.push(listener),
    close: () => clearInterval(timer),
  };
}

/** By name only: what exactly is different stands in the file's own history. */
function differences(before: ChatopsConfig, after: ChatopsConfig): Readonly<Record<string, unknown>> {
  const [was, is] = [namesOf(before), namesOf(after)];
  const added = is.filter((name) => !was.includes(name));
  const removed = was.filter((name) => !is.includes(name));
  const changed = is.filter((name) => was.includes(name) && !same(clusterOf(before, name), clusterOf(after, name)));
  const parts = Object.keys(after).filter(
    (key) => key !== 'clusters' && !same(Reflect.get(before, key), Reflect.get(after, key)),
  );
  return { addedClusters: added, removedClusters: removed, changedClusters: changed, changed: parts };
}

function namesOf({ clusters }: ChatopsConfig): readonly string[] {
  return clusters.map((cluster) => cluster.name);
}

function clusterOf({ clusters }: ChatopsConfig, name: string): unknown {
  return clusters.find((cluster) => cluster.name === name);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
