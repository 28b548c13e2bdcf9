import { jobs } from '../jobs/registry.ts';
import { clusterSource, type Env, readChatopsConfig } from './config.ts';
import { type ChatopsConfig, clustersAt } from './core/chatops-config.ts';
import { OpsError, toOpsError } from './core/errors.ts';
import { parseWords } from './core/grammar.ts';
import { type ClusterName, runIdFor } from './core/ids.ts';
import type { Job, JobResult, PlainJob } from './core/job.ts';
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
import { type Reply, reply } from './core/reply.ts';
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

type Chosen = { readonly job: PlainJob; readonly args: unknown; readonly cluster: ClusterName };

/** `cilium-chatops run <words…> [--output json]`. Result on stdout, progress on stderr; answers the exit code. */
export async function runHere(words: readonly string[], env: Env, terminal: Terminal, log: Log): Promise<number> {
  const { rest, json } = takeOutput(words);
  try {
    const config = await readChatopsConfig(env);
    const chosen = choose(rest, config);
    if ('reply' in chosen) {
      (chosen.exit === 0 ? terminal.out : terminal.err)(renderReplyText(chosen.reply, terminal));
      return chosen.exit;
    }
    const result = await runChosen(chosen, { env, config, terminal, log });
    terminal.out(json ? asJson(chosen, result) : renderOutcomeText(result.outcome, terminal));
    return exitCodeOf(result.outcome);
  } catch (thrown) {
    log.debug({ err: thrown }, 'run failed');
    const error = terminal.signal.aborted ? interrupted() : toOpsError(thrown);
    terminal.err(renderReplyText(errorReply(error), terminal));
    return 1;
  }
}

function interrupted(): OpsError {
  return new OpsError('NotAllowed', 'you interrupted it');
}

type Here = { readonly env: Env; readonly config: ChatopsConfig; readonly terminal: Terminal; readonly log: Log };

async function runChosen({ job, args, cluster }: Chosen, { env, config, terminal, log }: Here): Promise<JobResult> {
  const { openCluster } = await import('./cluster/connect.ts');
  const settings = config.clusters.find((each) => each.name === cluster);
  const opened = await openCluster({ name: cluster, ...clusterSource(settings, env), clock: systemClock, log });
  const deadline = AbortSignal.timeout(job.deadlineMs);
  const signal = AbortSignal.any([terminal.signal, deadline]);
  try {
    return await drain(job.run(args, { cluster: opened.port, clock: systemClock, log, signal }), terminal);
  } catch (thrown) {
    if (!deadline.aborted || terminal.signal.aborted) throw thrown;
    return { outcome: { type: 'timed-out', afterMs: job.deadlineMs }, data: null };
  } finally {
    await opened.close();
  }
}

type Told = { readonly reply: Reply; readonly exit: number };

/** What to run, or what to say instead: help is an answer (0), the rest is wrong usage (2). */
function choose(words: readonly string[], config: ChatopsConfig): Chosen | Told {
  const known: readonly Job[] = jobs;
  const parsed = parseWords(words, known);
  if (parsed.type === 'help')
    return { reply: parsed.card ? cardReply(parsed.card, ROOT) : helpReply(known, ROOT), exit: 0 };
  if (parsed.type === 'misunderstood') return usage(misunderstoodReply(parsed, known, ROOT));
  const { card: job, raw } = parsed;
  if (job.type === 'change') return usage(reply('warn', 'Changes are not possible from the terminal yet'));
  const args = parsedArgs(job, raw);
  if (!args.ok) {
    const misunderstood = { type: 'misunderstood' as const, typed: words.join(' '), problem: args.problem, card: job };
    return usage(misunderstoodReply(misunderstood, known, ROOT));
  }
  return onCluster({ job, args: args.value, typed: job.clusterOf(raw) }, words, config);
}

function usage(said: Reply): Told {
  return { reply: said, exit: USAGE_EXIT };
}

type Args = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

function parsedArgs(job: Job, raw: unknown): Args {
  try {
    return { ok: true, value: job.parse(raw) };
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'InvalidArgs') return { ok: false, problem: thrown.message };
    throw thrown;
  }
}

type Wanted = { readonly job: PlainJob; readonly args: unknown; readonly typed: ClusterName | undefined };

function onCluster({ job, args, typed }: Wanted, words: readonly string[], config: ChatopsConfig): Chosen | Told {
  const names = clustersAt(config, { type: 'terminal' }).map((cluster) => cluster.name);
  const cluster = typed ?? (names.length === 1 ? names[0] : undefined);
  if (cluster === undefined) return usage(whichClusterReply(names, (name) => withCluster(words, jobs, name)));
  if (names.includes(cluster)) return { job, args, cluster };
  return usage(unknownClusterReply(cluster, names, (name) => withCluster(words, jobs, name, cluster)));
}

function takeOutput(words: readonly string[]): { readonly rest: readonly string[]; readonly json: boolean } {
  const joined = words.flatMap((word) =>
    word.startsWith('--output=') ? ['--output', word.slice('--output='.length)] : [word],
  );
  const at = joined.findIndex((word) => word === '--output' || word === '-o');
  if (at < 0) return { rest: words, json: false };
  return { rest: joined.filter((_, index) => index !== at && index !== at + 1), json: joined[at + 1] === 'json' };
}

async function drain(run: ReturnType<PlainJob['run']>, terminal: Terminal): Promise<JobResult> {
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
