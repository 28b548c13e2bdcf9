import { userInfo } from 'node:os';
import { jobs } from '../../jobs/registry.ts';
import { drain } from '../app/execute/drain.ts';
import type { OpenCluster } from '../cluster/connect.ts';
import { OpsError, toOpsError } from '../core/errors.ts';
import { parseWords } from '../core/grammar/grammar.ts';
import { withCluster } from '../core/grammar/retry-line.ts';
import { type ClusterName, type RunId, runIdFor, UserId } from '../core/ids.ts';
import type { ChangeJob, Job, JobContext, JobResult, PlainJob, Progress } from '../core/job.ts';
import { type ChatopsConfig, clustersAt } from '../core/policy/chatops-config.ts';
import type { Log } from '../core/ports/ports.ts';
import { cardReply, helpReply } from '../core/replies/help.ts';
import { errorReply, misunderstoodReply, unknownClusterReply, whichClusterReply } from '../core/replies/replies.ts';
import type { Reply } from '../core/replies/reply.ts';
import { exitCodeOf } from '../core/run/outcome.ts';
import { renderOutcomeText } from '../render/outcome-terminal.ts';
import { renderPlanText } from '../render/plan-terminal.ts';
import { renderProgressLine } from '../render/progress-terminal.ts';
import { renderReplyText } from '../render/reply-terminal.ts';
import { systemClock } from '../roles/system-clock.ts';
import { clusterSource, type Env } from '../settings/config.ts';
import { readChatopsConfig } from '../settings/config-file.ts';
import { changeHere } from './change-here.ts';

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

/** `cilium-chatops run <words…> [--output json] [--yes <digest>|plan]`. Result on stdout, progress on stderr; answers the exit code. */
export async function runHere(words: readonly string[], env: Env, terminal: Terminal, log: Log): Promise<number> {
  const { rest: withoutOutput, value: output } = takeFlag(words, ['--output', '-o']);
  const { rest, value: yes } = takeFlag(withoutOutput, ['--yes']);
  const json = output === 'json';
  try {
    const config = await readChatopsConfig(env);
    const chosen = choose(rest, config);
    if ('reply' in chosen) {
      (chosen.exit === 0 ? terminal.out : terminal.err)(renderReplyText(chosen.reply, terminal));
      return chosen.exit;
    }
    const run = runIdFor(`${chosen.job.name} ${chosen.cluster} ${Date.now()} ${process.pid}`);
    const result = await runChosen(chosen, { env, config, terminal, log, run, yes });
    terminal.out(json ? asJson(run, chosen, result) : renderOutcomeText(result.outcome, terminal));
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

type Here = {
  readonly env: Env;
  readonly config: ChatopsConfig;
  readonly terminal: Terminal;
  readonly log: Log;
  readonly run: RunId;
  readonly yes: string | undefined;
};

/** @throws OpsError of the cluster, before anything was changed */
async function runChosen({ job, args, cluster }: Chosen, here: Here): Promise<JobResult> {
  const { env, config, log, run } = here;
  if (job.type === 'change' && !config.policy.terminalChanges)
    return { outcome: { type: 'refused', reason: 'chatops.yaml allows no changes from the terminal' }, data: null };
  const { openCluster } = await import('../cluster/connect.ts');
  const settings = config.clusters.find((each) => each.name === cluster);
  const opened = await openCluster({ name: cluster, ...clusterSource(settings, env), clock: systemClock, log });
  const bench = { image: env.BENCH_IMAGE, limits: config.policy.benchmarks };
  const probes = { write: opened.write, owner: run, namespace: env.PROBE_NAMESPACE, image: env.PROBE_IMAGE, bench };
  const context = { cluster: opened.port, clock: systemClock, log, probes };
  try {
    return await (job.type === 'plain'
      ? look(job, { args, context }, here)
      : change(job, { args, context, opened }, here));
  } finally {
    await opened.close();
  }
}

type Looking = { readonly args: unknown; readonly context: Omit<JobContext, 'signal'> };

async function look(job: PlainJob, { args, context }: Looking, { terminal }: Here): Promise<JobResult> {
  const deadline = AbortSignal.timeout(job.deadlineMs);
  const signal = AbortSignal.any([terminal.signal, deadline]);
  try {
    return await drain(job.run(args, { ...context, signal }), async (progress) => {
      terminal.signal.throwIfAborted();
      tell(terminal, progress);
    });
  } catch (thrown) {
    if (!deadline.aborted || terminal.signal.aborted) throw thrown;
    return { outcome: { type: 'timed-out', afterMs: job.deadlineMs }, data: null };
  }
}

type Changing = Looking & { readonly opened: OpenCluster };

async function change(job: ChangeJob, { args, context, opened }: Changing, here: Here): Promise<JobResult> {
  const { env, terminal, log, run, yes } = here;
  const { openChangePorts } = await import('../roles/open-changes.ts');
  const settings = { helmBin: env.HELM_BIN, helmEnv: env.helmEnv ?? {}, log };
  const ports = await openChangePorts(opened, { run, attempt: 1 }, settings);
  try {
    return await changeHere({
      job,
      args,
      yes,
      run,
      by: whoIsHere(),
      ports,
      context,
      interrupted: terminal.signal,
      tell: (progress) => tell(terminal, progress),
      show: (plan, digest) => terminal.err(renderPlanText(context.cluster.name, plan, digest)),
      log,
    });
  } finally {
    await ports.close();
  }
}

/** `local:dana`: who asked stands in `helm history`. */
function whoIsHere(): UserId {
  const login = loginName()
    .replace(/[^\w.@-]/g, '-')
    .slice(0, 64);
  return UserId.parse(`local:${login === '' ? 'unknown' : login}`);
}

/** Node has no words for a user without an entry in /etc/passwd: containers run as such. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

function tell(terminal: Terminal, progress: Progress): void {
  const { line, passing } = renderProgressLine(progress, terminal.columns);
  if (!passing) terminal.err(line);
}

type Told = { readonly reply: Reply; readonly exit: number };

/** What to run, or what to say instead: help is an answer (0), the rest is wrong usage (2). */
function choose(words: readonly string[], config: ChatopsConfig): Chosen | Told {
  const known: readonly Job[] = jobs;
  const parsed = parseWords(words, known);
  if (parsed.type === 'help') {
    const caller = { type: 'terminal' as const, changes: config.policy.terminalChanges };
    return { reply: parsed.card ? cardReply(parsed.card, ROOT, caller) : helpReply(known, ROOT, caller), exit: 0 };
  }
  if (parsed.type === 'misunderstood') return usage(misunderstoodReply(parsed, known, ROOT));
  const { card: job, raw } = parsed;
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

type Wanted = { readonly job: Job; readonly args: unknown; readonly typed: ClusterName | undefined };

function onCluster({ job, args, typed }: Wanted, words: readonly string[], config: ChatopsConfig): Chosen | Told {
  const names = clustersAt(config, { type: 'terminal' }).map((cluster) => cluster.name);
  const cluster = typed ?? (names.length === 1 ? names[0] : undefined);
  if (cluster === undefined) return usage(whichClusterReply(names, (name) => withCluster(words, jobs, name)));
  if (names.includes(cluster)) return { job, args, cluster };
  return usage(unknownClusterReply(cluster, names, (name) => withCluster(words, jobs, name, cluster)));
}

/** A flag of the terminal itself, which no command knows. */
function takeFlag(
  words: readonly string[],
  names: readonly string[],
): { readonly rest: readonly string[]; readonly value: string | undefined } {
  const joined = words.flatMap((word) => {
    const name = names.find((each) => word.startsWith(`${each}=`));
    return name === undefined ? [word] : [name, word.slice(name.length + 1)];
  });
  const at = joined.findIndex((word) => names.includes(word));
  if (at < 0) return { rest: words, value: undefined };
  // `--yes` alone agrees to nothing in particular, and is refused as such.
  return { rest: joined.filter((_, index) => index !== at && index !== at + 1), value: joined[at + 1] ?? '' };
}

function asJson(runId: RunId, { job, cluster }: Chosen, { outcome, data }: JobResult): string {
  return JSON.stringify(
    { schemaVersion: SCHEMA_VERSION, runId, command: job.name, cluster, outcome: outcome.type, data },
    null,
    2,
  );
}
