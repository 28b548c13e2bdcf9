import { parseAgentConfig, parseAgentStatus, tellsRouting, toAgentView } from '../../src/cilium/facts/agent-status.ts';
import { type DaemonSet, Pod, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import type { AgentAnswer, AgentState } from '../../src/cilium/facts/status-data.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import type { ExecResult } from '../../src/core/ports/ports.ts';
import { PODS } from '../../src/core/resources.ts';
import { AGENT_CONTAINER } from './installation.ts';
import { BODIES_PER_PAGE, OUT_OF_TIME, type Reading, whyOf } from './reading.ts';

const IN_FLIGHT = 20;
/** A frozen kubelet hangs in the handshake; a healthy one answers within 200 ms. */
const EXEC_DEADLINE_MS = 5 * SECOND_MS;
const MAX_STATUS_BYTES = 2 * 1024 * 1024;

/** Agent pods as the API server tells them, nobody asked yet, page by page: their bodies are the bulk of a big cluster. */
export async function readAgentPods(
  { cluster, signal }: Reading,
  daemonSet: DaemonSet,
  onPage: (agents: readonly AgentState[]) => void,
): Promise<void> {
  const labels = Object.entries(daemonSet.spec.selector.matchLabels);
  const labelSelector =
    labels.length === 0 ? 'k8s-app=cilium' : labels.map(([key, value]) => `${key}=${value}`).join(',');
  const query = {
    namespace: daemonSet.metadata.namespace,
    labelSelector,
    as: 'objects',
    pageSize: BODIES_PER_PAGE,
  } as const;
  for await (const page of cluster.list(PODS, query, signal)) onPage(parseAll(Pod, page).map(toAgentState));
}

export function toAgentState({ metadata, spec, status }: Pod): AgentState {
  const container = status.containerStatuses.find((each) => each.name === AGENT_CONTAINER);
  const ready = status.conditions.some((each) => each.type === 'Ready' && each.status === 'True');
  const startedAt = container?.state.running?.startedAt;
  const trouble = troubleOf({ metadata, spec, status });
  const image = spec.containers.find((each) => each.name === AGENT_CONTAINER)?.image ?? container?.image ?? '';
  return {
    node: spec.nodeName ?? '(not scheduled)',
    pod: metadata.name,
    ready: ready && metadata.deletionTimestamp === undefined,
    restarts: container?.restartCount ?? 0,
    ...(trouble === undefined ? {} : { trouble }),
    ...(startedAt === undefined ? {} : { startedAt }),
    image,
    answer: { state: 'not-asked', why: ready ? 'not yet' : 'agent not ready' },
  };
}

const CRASH_LOOP = 'CrashLoopBackOff';

function troubleOf({ metadata, spec, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'terminating';
  if (spec.nodeName === undefined) return 'not scheduled';
  const waiting = [...status.initContainerStatuses, ...status.containerStatuses].flatMap(
    (each) => each.state.waiting?.reason ?? [],
  );
  const reason = waiting.find((each) => each !== 'PodInitializing') ?? waiting[0];
  if (reason !== undefined) return reason;
  const container = status.containerStatuses.find((each) => each.name === AGENT_CONTAINER);
  // Between two crashes a container runs for a moment: what it did before is the trouble.
  const crashed =
    container?.ready === false && container.restartCount > 0 && container.lastState.terminated?.exitCode !== 0;
  return crashed ? CRASH_LOOP : undefined;
}

export type Asking = {
  /** Adds agents; those that are not ready are left out. */
  readonly ask: (agents: readonly AgentState[]) => void;
  /** The answers by pod, once all who were added have answered or the time is up. */
  readonly finish: () => Promise<ReadonlyMap<string, AgentAnswer>>;
};

/** Asks agents for their status, twenty at a time, until the time is up. Never rejects for one agent. */
export function startAsking(
  reading: Reading,
  namespace: string,
  onAnswer: (done: number, total: number) => void,
): Asking {
  const waiting: string[] = [];
  const inFlight = new Set<Promise<void>>();
  const answers = new Map<string, AgentAnswer>();
  let done = 0;
  let total = 0;

  async function askNext(pod: string): Promise<void> {
    const answer = await askOne(reading, namespace, pod);
    answers.set(pod, answer);
    if (answer.state === 'not-asked') return;
    done += 1;
    onAnswer(done, total);
  }

  function fill(): void {
    while (inFlight.size < IN_FLIGHT) {
      const pod = waiting.shift();
      if (pod === undefined) return;
      const asked = askNext(pod).finally(() => {
        inFlight.delete(asked);
        fill();
      });
      inFlight.add(asked);
    }
  }

  return {
    ask: (agents) => {
      const pods = agents.filter((agent) => agent.ready).map((agent) => agent.pod);
      total += pods.length;
      waiting.push(...pods);
      fill();
    },
    finish: async () => {
      while (inFlight.size > 0) await Promise.race(inFlight);
      reading.cancel.throwIfAborted();
      return answers;
    },
  };
}

export type Ask = {
  readonly namespace: string;
  readonly agents: readonly AgentState[];
  /** Names of nodes to ask; undefined asks all. */
  readonly chosen: ReadonlySet<string> | undefined;
  readonly onAnswer: (done: number, total: number) => void;
};

/** Asks agents that are known already; they come back in the same order. */
export async function askAgents(reading: Reading, ask: Ask): Promise<readonly AgentState[]> {
  const asking = startAsking(reading, ask.namespace, ask.onAnswer);
  asking.ask(ask.agents.filter((agent) => ask.chosen?.has(agent.node) ?? true));
  const answers = await asking.finish();
  return ask.agents.map((agent) => ({ ...agent, answer: answers.get(agent.pod) ?? unasked(agent) }));
}

/** Of an agent that nobody meant to ask. */
export function unasked(agent: AgentState): AgentAnswer {
  return agent.ready ? { state: 'not-asked', why: 'not chosen' } : agent.answer;
}

async function askOne(reading: Reading, namespace: string, pod: string): Promise<AgentAnswer> {
  if (reading.signal.aborted) return { state: 'not-asked', why: OUT_OF_TIME };
  try {
    const result = await exec(reading, { namespace, pod }, ['cilium', 'status', '-o', 'json']);
    const status = parseAgentStatus(result.stdout);
    if (status === undefined) return { state: 'failed', why: unreadable(result) };
    const config = tellsRouting(status) ? undefined : await askConfig(reading, namespace, pod);
    return { state: 'answered', at: reading.now().toISOString(), view: toAgentView(status, config) };
  } catch (thrown: unknown) {
    const { why } = whyOf(reading, thrown);
    // Cut off by our own clock, which says nothing about the agent.
    return { state: why === OUT_OF_TIME ? 'not-asked' : 'failed', why };
  }
}

/** Up to 1.15 the status does not tell the routing mode. Without this answer the mode stays unknown, nothing else. */
async function askConfig(reading: Reading, namespace: string, pod: string) {
  try {
    const result = await exec(reading, { namespace, pod }, ['cilium', 'config', '-a', '-o', 'json']);
    return parseAgentConfig(result.stdout);
  } catch (thrown: unknown) {
    reading.log.debug({ err: thrown, pod }, 'agent did not tell its configuration');
    return undefined;
  }
}

export async function exec(
  { cluster, signal }: Reading,
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
  command: readonly [string, ...string[]],
  maxOutputBytes = MAX_STATUS_BYTES,
): Promise<ExecResult> {
  const request = { namespace, pod, container: AGENT_CONTAINER, command, deadlineMs: EXEC_DEADLINE_MS, maxOutputBytes };
  return cluster.exec(request, signal);
}

function unreadable({ exitCode, stderr, stdout }: ExecResult): string {
  const said = (stderr.trim() === '' ? stdout : stderr).trim().slice(0, 120);
  return exitCode === 0 ? 'its answer is not JSON' : `cilium status ended with ${exitCode}: ${said}`;
}
