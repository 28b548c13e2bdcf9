import { readFileSync } from 'node:fs';
import type { JobContext, JobResult, Progress } from '../../src/core/job.ts';
import type { AccessQuestion, ClusterPort, ExecRequest, ExecResult } from '../../src/core/ports/ports.ts';
import {
  CILIUM_ENDPOINTS,
  CILIUM_NODES,
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  NODES,
  PODS,
  type Resource,
  SECRETS,
} from '../../src/core/resources.ts';
import { fakeCluster } from '../support/fake-cluster.ts';

/** A state of a real cluster, recorded and trimmed: see `note` in each file. */
export type Recording = {
  readonly recordedAt: string;
  readonly version: string;
  readonly objects: Readonly<Record<string, readonly KubeObject[]>>;
  readonly exec: Readonly<Record<string, { readonly status: Json; readonly health: Json; readonly config?: Json }>>;
};
export type Json = Record<string, unknown>;
export type KubeObject = Json & { metadata: Json & { name: string }; spec: Json; status: Json };

const RESOURCES: Readonly<Record<string, Resource>> = {
  nodes: NODES,
  pods: PODS,
  daemonsets: DAEMON_SETS,
  deployments: DEPLOYMENTS,
  configmaps: CONFIG_MAPS,
  secrets: SECRETS,
  ciliumnodes: CILIUM_NODES,
  ciliumendpoints: CILIUM_ENDPOINTS,
};

export function recording(state: string): Recording {
  const url = new URL(`../cilium/fixtures/${state}.json`, import.meta.url);
  // The file is ours, and its shape is what the type says.
  return JSON.parse(readFileSync(url, 'utf8')) as Recording;
}

export type Twist = {
  /** Changes the recording before it is served. */
  readonly change?: (recording: Recording) => void;
  readonly exec?: (
    request: ExecRequest,
    recorded: () => ExecResult,
    signal: AbortSignal,
  ) => ExecResult | Promise<ExecResult>;
  readonly allowed?: (question: AccessQuestion) => boolean;
  readonly port?: (port: ClusterPort) => ClusterPort;
};

/** The recorded state behind the cluster port, and a clock that stands at the time of the recording. */
export function recordedContext(state: string, twist: Twist = {}): JobContext {
  const recorded = recording(state);
  twist.change?.(recorded);
  const port = fakeCluster({
    version: recorded.version,
    objects: Object.entries(recorded.objects).flatMap(([plural, items]) => {
      const resource = RESOURCES[plural];
      return resource === undefined ? [] : [[resource, items] as const];
    }),
    exec: (request, signal) => {
      const answer = () => execute(recorded, request);
      return twist.exec ? twist.exec(request, answer, signal) : answer();
    },
    ...(twist.allowed === undefined ? {} : { allowed: twist.allowed }),
  });
  return {
    cluster: twist.port?.(port) ?? port,
    clock: { now: () => new Date(recorded.recordedAt), sleep: never },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: new AbortController().signal,
  };
}

export async function finish(
  run: AsyncGenerator<Progress, JobResult, void>,
): Promise<JobResult & { readonly progress: readonly Progress[] }> {
  const progress: Progress[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { ...next.value, progress };
    progress.push(next.value);
  }
}

export function answered(stdout: unknown): ExecResult {
  return { exitCode: 0, stdout: JSON.stringify(stdout), stderr: '' };
}

function execute(recorded: Recording, { pod, command }: ExecRequest): ExecResult {
  const known = recorded.exec[pod];
  const what = {
    'cilium-health status': known?.health,
    'cilium status': known?.status,
    'cilium config': known?.config,
  };
  const found = what[`${command[0]} ${command[1]}` as keyof typeof what];
  return found === undefined ? { exitCode: 1, stdout: '', stderr: 'unknown command' } : answered(found);
}

/** Time stands still: a sleep ends only with its signal. */
function never(_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

function ignore(): void {}
