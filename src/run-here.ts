import { jobs } from '../jobs/registry.ts';
import { clusterSource, type Env, readChatopsConfig } from './config.ts';
import { clustersAt } from './core/chatops-config.ts';
import { OpsError, toOpsError } from './core/errors.ts';
import { parseWords } from './core/grammar.ts';
import { type ClusterName, runIdFor } from './core/ids.ts';
import type { Job, JobResult } from './core/job.ts';
import { exitCodeOf } from './core/outcome.ts';
import type { Log } from './core/ports.ts';
import {
  cardReply,
  errorReply,
  helpReply,
  misunderstoodReply,
  unknownClusterReply,
  whichClusterReply,
} from './core/replies.ts';
import type { Reply } from './core/reply.ts';
import { withCluster } from './core/retry-line.ts';
import { renderOutcomeText } from './render/outcome-terminal.ts';
import { renderProgressLine } from './render/progress-terminal.ts';
import { renderReplyText } from './render/reply-terminal.ts';
import { systemClock } from './system-clock.ts';

/** What the terminal offers: the same jobs with the caller's own kubeconfig, no Slack and no state store. */
const ROOT = 'cilium-chatops run';
const USAGE_EXIT = 2;
/** Of `--output json`; consumers check it. */
const SCHEMA_VERSION = 1;

export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
  readonly color: boolean;
  readonly signal: AbortSignal;
};

type Chosen = { readonly job: Job; readonly args: unknown; readonly cluster: ClusterName };

/** `cilium-chatops run <words…> [--output json]`. Result on stdout, progress on stderr; answers the exit code. */
export async function runHere(words: readonly string[], env: Env, terminal: Terminal, log: Log): Promise<number> {
  const { rest, json } = takeOutput(words);
  try {
    const config = await readChatopsConfig(env);
    const names = clustersAt(config, { type: 'terminal' }).map((cluster) => cluster.name);
    const chosen = choose(rest, names);
    if ('mark' in chosen) {
      const asked = rest.length === 0 || chosen.mark === 'none';
      (asked ? terminal.out : terminal.err)(renderReplyText(chosen, terminal));
      return asked ? 0 : USAGE_EXIT;
    }
    const settings = config.clusters.find((cluster) => cluster.name === chosen.cluster);
    const { openCluster } = await import('./cluster/connect.ts');
    const opened = await openCluster({
      name: chosen.cluster,
      ...clusterSource(settings, env),
      clock: systemClock,
      log,
    });
    try {
      const deadline = AbortSignal.any([terminal.signal, AbortSignal.timeout(chosen.job.deadlineMs)]);
      const context = { cluster: opened.port, clock: systemClock, log, signal: deadline };
      const result = await drain(chosen.job.run(chosen.args, context), terminal);
      terminal.out(json ? asJson(chosen, result) : renderOutcomeText(result.outcome, terminal));
      return exitCodeOf(result.outcome);
    } finally {
      await opened.close();
    }
  } catch (thrown) {
    const error = toOpsError(thrown);
    log.debug({ err: thrown }, 'run failed');
    terminal.err(renderReplyText(errorReply(error), terminal));
    return 1;
  }
}

function choose(words: readonly string[], names: readonly ClusterName[]): Chosen | Reply {
  const parsed = parseWords(words, jobs);
  if (parsed.type === 'help') return parsed.card ? cardReply(parsed.card, ROOT) : helpReply(jobs, ROOT);
  if (parsed.type === 'misunderstood') return misunderstoodReply(parsed, jobs, ROOT);
  const job = parsed.card;
  try {
    const args = job.parse(parsed.raw);
    const cluster = job.clusterOf(parsed.raw) ?? (names.length === 1 ? names[0] : undefined);
    if (cluster === undefined)
      return { ...whichClusterReply(names, (name) => withCluster(words, jobs, name)), mark: 'warn' };
    if (!names.includes(cluster))
      return unknownClusterReply(cluster, names, (name) => withCluster(words, jobs, name, cluster));
    return { job, args, cluster };
  } catch (thrown) {
    if (!(thrown instanceof OpsError) || thrown.code !== 'InvalidArgs') throw thrown;
    const misunderstood = {
      type: 'misunderstood' as const,
      typed: words.join(' '),
      problem: thrown.message,
      card: job,
    };
    return misunderstoodReply(misunderstood, jobs, ROOT);
  }
}

function takeOutput(words: readonly string[]): { readonly rest: readonly string[]; readonly json: boolean } {
  const joined = words.flatMap((word) =>
    word.startsWith('--output=') ? ['--output', word.slice('--output='.length)] : [word],
  );
  const at = joined.findIndex((word) => word === '--output' || word === '-o');
  if (at < 0) return { rest: words, json: false };
  return { rest: joined.filter((_, index) => index !== at && index !== at + 1), json: joined[at + 1] === 'json' };
}

async function drain(run: ReturnType<Job['run']>, terminal: Terminal): Promise<JobResult> {
  for (;;) {
    terminal.signal.throwIfAborted();
    const next = await run.next();
    if (next.done) return next.value;
    const { line, passing } = renderProgressLine(next.value, terminal.columns);
    if (!passing) terminal.err(line);
  }
}

function asJson({ job, cluster }: Chosen, { outcome, data }: JobResult): string {
  const runId = runIdFor(`${job.name} ${cluster} ${Date.now()} ${process.pid}`);
  return JSON.stringify(
    { schemaVersion: SCHEMA_VERSION, runId, command: job.name, cluster, outcome: outcome.type, data },
    null,
    2,
  );
}
