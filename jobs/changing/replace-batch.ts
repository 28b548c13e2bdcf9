import { clip, listed } from '../../src/cilium/facts/text.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { Progress } from '../../src/core/job.ts';
import { NODES, PODS } from '../../src/core/resources.ts';
import { AGENT_CONTAINER } from '../reading/installation.ts';
import { type Agent, ask, readAgents } from './agent-pods.ts';
import { judgeAgent, type Verdict } from './judge-agent.ts';
import { patiently } from './patience.ts';
import { type Heading, readingOf, type Step, type StepEnd, type Switching } from './switching.ts';

const POLL_MS = 2 * SECOND_MS;
/** Seen: 12 to 15 s with the image in place. Time without an API server does not count. */
const READY_LIMIT_MS = 3 * MINUTE_MS;
/** A message about nothing new: the thread is edited every few seconds anyway. */
const TELL_EVERY_MS = 5 * SECOND_MS;
const LOG_LINES = 40;

export type Batch = {
  readonly heading: Heading;
  /** The step that it belongs to, for progress. */
  readonly step: string;
  readonly nodes: readonly string[];
  /** Of all nodes, how many run the target already. */
  readonly done: number;
  readonly total: number;
};

type Watched = {
  readonly deleted: Set<string>;
  /** Time in which somebody answered: what passes without an API server is not the agent's fault. */
  watchedMs: number;
  lastMs: number;
  told: { readonly atMs: number; readonly done: number };
};

type Judged = { readonly node: string; readonly agent: Agent | undefined; readonly verdict: Verdict };

/** Deletes the pods of agents that do not run the target, once each, and waits until their successors do. */
export async function* replaceBatch(switching: Switching, batch: Batch): Step {
  const { clock, signal } = switching.context;
  const watched: Watched = {
    deleted: new Set(),
    watchedMs: 0,
    lastMs: clock.now().getTime(),
    told: { atMs: 0, done: -1 },
  };
  for (;;) {
    const judged = await judge(switching, batch, watched);
    const end = await endOf(switching, watched, judged);
    if (end !== undefined) {
      const back = judged.filter(({ verdict }) => verdict.type === 'done').length;
      yield { type: 'counted', step: batch.step, done: batch.done + back, total: batch.total };
      return end;
    }
    for (const { agent, verdict } of judged)
      if (agent !== undefined && verdict.type === 'replace') await replace(switching, watched, agent);
    yield* news(batch, watched, judged);
    await clock.sleep(POLL_MS, signal);
    const nowMs = clock.now().getTime();
    watched.watchedMs += Math.min(nowMs - watched.lastMs, 3 * POLL_MS);
    watched.lastMs = nowMs;
  }
}

async function judge(switching: Switching, batch: Batch, { deleted }: Watched): Promise<readonly Judged[]> {
  const { seen, work } = switching;
  const agents = await look(switching, batch);
  return batch.nodes.map((node) => {
    const agent = agents.get(node);
    const verdict = judgeAgent(agent, {
      target: batch.heading.target,
      isOurs: deleted.has(node),
      sinceMs: seen.sinceMs ?? 0,
      rollsByItself: work.rollsByItself && batch.heading.way === 'forward',
    });
    return { node, agent, verdict };
  });
}

/** How the batch ends; undefined while there is something to wait for. */
async function endOf(
  switching: Switching,
  { watchedMs }: Watched,
  judged: readonly Judged[],
): Promise<StepEnd | undefined> {
  for (const each of judged) if (each.verdict.type === 'failed') return explain(switching, each, each.verdict.why);
  const waiting = judged.filter(({ verdict }) => verdict.type !== 'done');
  if (waiting.length === 0) return { type: 'ok' };
  if (watchedMs <= READY_LIMIT_MS) return undefined;
  const [stuck] = await stillThere(switching, waiting);
  if (stuck === undefined) return { type: 'ok' };
  return explain(switching, stuck, `its agent did not come back within ${READY_LIMIT_MS / MINUTE_MS} min`);
}

function* news({ step, done: before, total }: Batch, watched: Watched, judged: readonly Judged[]): Generator<Progress> {
  const waiting = judged.filter(({ verdict }) => verdict.type !== 'done').map(({ node }) => node);
  const done = before + judged.length - waiting.length;
  const { lastMs, watchedMs, told } = watched;
  if (done === told.done && lastMs - told.atMs < TELL_EVERY_MS) return;
  watched.told = { atMs: lastMs, done };
  const detail = clip(`${listed(waiting)} restarting (${Math.round(watchedMs / SECOND_MS)} s)`, 300);
  yield { type: 'counted', step, done, total, detail };
}

/** The newest agent of each node that is not on its way out. */
async function look({ context, work }: Switching, { nodes }: Batch): Promise<ReadonlyMap<string, Agent>> {
  const reading = readingOf(context);
  const found = await patiently(context, () => readAgents(reading, work, nodes));
  const alive = found.filter((agent) => !agent.terminating).sort((left, right) => left.createdMs - right.createdMs);
  const newest = [...new Map(alive.map((agent) => [agent.node, agent])).values()];
  return new Map((await ask(reading, work, newest)).map((agent) => [agent.node, agent]));
}

/** A container restart would not read the settings again: the pod has to go. */
async function replace(
  { context, work, seen }: Switching,
  { deleted }: Watched,
  agent: Agent | undefined,
): Promise<void> {
  if (agent === undefined) return;
  const { signal, write } = context;
  deleted.add(agent.node);
  seen.touched = true;
  const ref = { namespace: work.agents.namespace, name: agent.pod };
  await patiently(context, async () => {
    try {
      await write.remove(PODS, ref, { uid: agent.uid }, signal);
    } catch (thrown: unknown) {
      // Another pod has its name by now, so this one is gone.
      if (!(thrown instanceof OpsError) || thrown.code !== 'Conflict') throw thrown;
    }
  });
}

/** A node that was removed from the cluster meanwhile has no agent to wait for. */
async function stillThere({ context }: Switching, judged: readonly Judged[]): Promise<readonly Judged[]> {
  const there: Judged[] = [];
  for (const each of judged) {
    try {
      await patiently(context, () => context.cluster.get(NODES, { name: each.node }, context.signal));
      there.push(each);
    } catch (thrown: unknown) {
      if (!(thrown instanceof OpsError) || thrown.code !== 'NotFound') throw thrown;
    }
  }
  return there;
}

async function explain({ context, work }: Switching, { node, agent }: Judged, why: string): Promise<StepEnd> {
  const state = agent === undefined ? 'no pod' : (agent.trouble ?? (agent.ready ? 'ready' : 'not ready'));
  const said = agent === undefined || agent.ready ? undefined : await lastWords(context, work.agents.namespace, agent);
  const evidence = said === undefined ? '' : `: ${said}`;
  return { type: 'failed', why: clip(`${node}: ${why} (${state})${evidence}`, 900) };
}

/** The fatal line stands in the log of the container before: the message in its status is cut (seen on a real cluster). */
async function lastWords(
  { cluster, signal, log }: Switching['context'],
  namespace: string,
  { pod, restarts }: Agent,
): Promise<string | undefined> {
  try {
    const request = { namespace, pod, container: AGENT_CONTAINER, previous: restarts > 0, tailLines: LOG_LINES };
    const lines = (await cluster.podLog(request, signal)).split('\n').filter((line) => line.trim() !== '');
    const fatal = lines.findLast((line) => /level=(fatal|error)/.test(line));
    return fatal === undefined ? undefined : clip(fatal.replace(/^.*?\bmsg="?/, ''), 400);
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    log.debug({ err: thrown, pod }, 'no log of the agent that failed');
    return undefined;
  }
}
