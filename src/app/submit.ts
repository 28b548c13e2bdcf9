import { type Actor, type Origin, UNVERIFIED } from '../core/actor.ts';
import type { Clock } from '../core/clock.ts';
import { OpsError, toOpsError } from '../core/errors.ts';
import { type Parsed, parseLine } from '../core/grammar/grammar.ts';
import { withCluster } from '../core/grammar/retry-line.ts';
import { splitWords } from '../core/grammar/words.ts';
import { type ClusterName, type RunId, runIdFor } from '../core/ids.ts';
import type { Job } from '../core/job.ts';
import { type ChatopsConfig, clustersAt } from '../core/policy/chatops-config.ts';
import { type People, refusalToRequest } from '../core/policy/policy.ts';
import type { Groups, Lane, Log, Queues, State, Ticks } from '../core/ports/ports.ts';
import { cardReply, helpReply } from '../core/replies/help.ts';
import { errorReply, misunderstoodReply, unknownClusterReply, whichClusterReply } from '../core/replies/replies.ts';
import { type Reply, reply } from '../core/replies/reply.ts';
import { type Requested, RunEvent } from '../core/run/events.ts';
import type { Answer } from './answers/answer.ts';
import { answers } from './answers/registry.ts';
import { freezeOf, frozenWords } from './freeze.ts';
import { standingsOn } from './home/standings.ts';
import { isAmong } from './people.ts';
import { record } from './record.ts';
import type { LinkTo } from './run-link.ts';

export type SubmitDeps = {
  readonly state: State;
  readonly queues: Queues;
  readonly jobs: readonly Job[];
  readonly config: () => ChatopsConfig;
  readonly groups: Groups;
  readonly clock: Clock;
  readonly log: Log;
  /** Where messages are to be found in a browser. */
  readonly linkTo?: LinkTo | undefined;
  /** Done between the acknowledgement and the queue; bounds its own time and never rejects. */
  readonly prepare?: (requested: Requested) => Promise<void>;
  /** When schedules tick next. */
  readonly ticks?: Ticks | undefined;
};

export type Request = {
  readonly line: string;
  /** How the reader calls us: `/cilium`. */
  readonly root: string;
  readonly by: Actor;
  readonly origin: Origin;
  /** Same for every redelivery of the same request. */
  readonly requestKey: string;
};

export type Submitted =
  | { readonly type: 'reply'; readonly reply: Reply }
  /** The request is on record. `queue` puts it to work and belongs after the ack; the sweep makes up for a crash. */
  | { readonly type: 'accepted'; readonly run: RunId; readonly queue: () => Promise<void> };

type Card = Job | Answer;

/** The append has to be done well before Slack's 3 s are over; later than this is "not accepted". */
export const APPEND_LIMIT_MS = 1_000;
/** An answer has no append to wait for but a few reads and writes; Slack's 3 s hold for it too. */
export const ANSWER_LIMIT_MS = 2_200;

/** What a typed line becomes: a run on record, or an answer. Never throws: whatever fails is an answer too. */
export async function submit(deps: SubmitDeps, request: Request): Promise<Submitted> {
  try {
    const cards: readonly Card[] = [...deps.jobs, ...answers];
    return await dispatch(deps, request, parseLine(request.line, cards));
  } catch (thrown) {
    const error = toOpsError(thrown);
    deps.log.error({ err: error, requestKey: request.requestKey }, 'request failed');
    return { type: 'reply', reply: errorReply(error) };
  }
}

/** Answers that decide nothing. */
const LOOKING: ReadonlySet<string> = new Set(['show', 'history', 'schedules', 'compare']);

async function dispatch(deps: SubmitDeps, request: Request, parsed: Parsed<Card>): Promise<Submitted> {
  const cards: readonly Card[] = [...deps.jobs, ...answers];
  switch (parsed.type) {
    case 'help':
      return { type: 'reply', reply: await helpFor(deps, request, parsed.card) };
    case 'misunderstood':
      return { type: 'reply', reply: misunderstoodReply(parsed, cards, request.root) };
    case 'command': {
      if (request.by.external) return notAllowed('people from other organisations cannot use this bot');
      if (request.by.unverified && !isJob(parsed.card) && !LOOKING.has(parsed.card.name)) return notAllowed(UNVERIFIED);
      if (isJob(parsed.card)) return acceptJob(deps, request, { job: parsed.card, raw: parsed.raw });
      return { type: 'reply', reply: await answerNow(deps, request, { card: parsed.card, raw: parsed.raw }) };
    }
    default:
      throw new Error(`unhandled ${JSON.stringify(parsed satisfies never)}`);
  }
}

/** What there is and what of it this person may do here. */
async function helpFor(deps: SubmitDeps, { by, origin, root }: Request, card: Card | undefined): Promise<Reply> {
  if (by.external) return reply('none', 'This bot is used by the people of another organisation');
  const here = clustersAt(deps.config(), origin).map(({ name }) => name);
  const on = await Promise.all(here.map((cluster) => standingsOn(deps, { cluster, by, origin })));
  const caller = { type: 'slack' as const, on };
  return card ? cardReply(card, root, caller) : helpReply([...deps.jobs, ...answers], root, caller);
}

function notAllowed(why: string): Submitted {
  return { type: 'reply', reply: reply('warn', `Not allowed: ${why}`) };
}

type Asked = { readonly card: Answer; readonly raw: Readonly<Record<string, unknown>> };

async function answerNow(deps: SubmitDeps, request: Request, { card, raw }: Asked): Promise<Reply> {
  const { state, queues, clock, log, groups, config, linkTo, ticks } = deps;
  const here = new Set(clustersAt(deps.config(), request.origin).map((cluster) => cluster.name));
  const mayUse = (cluster: ClusterName): boolean => here.has(cluster);
  const { by, root, origin } = request;
  const base = { state, queues, clock, log, groups, config: config(), linkTo, ticks, mayUse, by, root, origin };
  const answering = card.answer(raw, { ...base, clusters: [...here] });
  return within(ANSWER_LIMIT_MS, answering, () => {
    // Its outcome is in the store, if it has one; nobody waits for it any more.
    answering.catch((thrown: unknown) => log.warn({ err: thrown, command: card.name }, 'late answer failed'));
    return new OpsError('StoreUnavailable', 'the state store did not answer in time', {
      nextStep: 'It may have been done all the same: look at the run before you try again',
    });
  });
}

function isJob(card: Card): card is Job {
  return 'parse' in card;
}

type Wanted = { readonly job: Job; readonly raw: Readonly<Record<string, unknown>> };

async function acceptJob(deps: SubmitDeps, request: Request, wanted: Wanted): Promise<Submitted> {
  const parsed = parseArgs(deps, wanted);
  if (!parsed.ok) return misunderstood(deps, request, { job: wanted.job, error: parsed.error });
  const chosen = chooseCluster(deps, request, { ...wanted, args: parsed.args });
  if (chosen.type === 'reply') return chosen;
  const refusal = await refusalHere(deps, request, { ...wanted, cluster: chosen.cluster });
  if (refusal !== undefined) return notAllowed(refusal);
  const requested: Omit<Requested, 'run'> = {
    type: 'requested',
    at: deps.clock.now().toISOString(),
    requestKey: request.requestKey,
    by: request.by,
    origin: request.origin,
    cluster: chosen.cluster,
    command: wanted.job.name,
    args: parsed.args,
    text: request.line.slice(0, 1_000),
    risk: wanted.job.risk,
  };
  return accept(deps, requested);
}

/** @throws OpsError when groups or the freeze cannot be read: then nothing is accepted that would change anything */
async function refusalHere(
  { config, groups, clock, state }: SubmitDeps,
  { by, origin }: Request,
  { job, raw, cluster }: Wanted & { readonly cluster: ClusterName },
): Promise<string | undefined> {
  const reason = typeof raw['reason'] === 'string' ? raw['reason'] : undefined;
  const asking = { cluster, command: job.name, risk: job.risk, by, origin, reason, now: clock.now() };
  const among = (people: People): Promise<boolean> => isAmong(groups, people, by.user);
  const refusal = await refusalToRequest(config().policy, { ...asking, among });
  if (refusal !== undefined || job.risk !== 'change') return refusal;
  const frozen = await freezeOf(state.blobs, cluster);
  return frozen && frozenWords(cluster, frozen);
}

type Args = { readonly ok: true; readonly args: unknown } | { readonly ok: false; readonly error: OpsError };

function parseArgs({ config }: SubmitDeps, { job, raw }: Wanted): Args {
  try {
    const args = job.parse(raw);
    job.checkLimits(args, config().policy);
    return { ok: true, args };
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'InvalidArgs') return { ok: false, error: thrown };
    throw thrown;
  }
}

function misunderstood(
  { jobs }: SubmitDeps,
  { line, root }: Request,
  { job, error }: { readonly job: Job; readonly error: OpsError },
): Submitted {
  const { message, argument } = error;
  const said = misunderstoodReply({ type: 'misunderstood', typed: line, problem: message, card: job }, jobs, root);
  if (argument === undefined) return { type: 'reply', reply: said };
  const problem = message.slice(`${argument}: `.length, 600);
  return { type: 'reply', reply: { ...said, wrong: { argument: argument.slice(0, 80), problem } } };
}

type Chosen =
  | { readonly type: 'cluster'; readonly cluster: ClusterName }
  | { readonly type: 'reply'; readonly reply: Reply };

function chooseCluster(deps: SubmitDeps, request: Request, wanted: Wanted & { readonly args: unknown }): Chosen {
  const known = clustersAt(deps.config(), request.origin).map((cluster) => cluster.name);
  const typed = wanted.raw['cluster'];
  if (typeof typed === 'string') {
    const found = known.find((name) => name === typed);
    if (found !== undefined) return { type: 'cluster', cluster: found };
    return { type: 'reply', reply: unknownClusterReply(typed, known, retryOf(deps, request, typed)) };
  }
  const [only] = known;
  if (only !== undefined && known.length === 1) return { type: 'cluster', cluster: only };
  return { type: 'reply', reply: whichClusterReply(known, retryOf(deps, request)) };
}

function retryOf(deps: SubmitDeps, request: Request, instead?: string) {
  const split = splitWords(request.line);
  const words = split.ok ? split.words : [];
  return (cluster: string): string | undefined => withCluster(words, deps.jobs, cluster, instead);
}

/**
 * Appends `requested`. A redelivery finds the run it made before; two requests that meet on one id part by the salt.
 * @throws OpsError StoreUnavailable, Bug when the event could not be read back
 */
async function accept(deps: SubmitDeps, requested: Omit<Requested, 'run'>): Promise<Submitted> {
  for (let salt = 0; ; salt += 1) {
    const run = runIdFor(requested.requestKey, salt);
    const event = RunEvent.safeParse({ ...requested, run });
    if (!event.success) throw new OpsError('Bug', 'the request could not be recorded', { cause: event.error });
    const appending = deps.state.runs.append(run, 0, { ...requested, run });
    const appended = await within(APPEND_LIMIT_MS, appending, () => {
      endLate(deps, run, appending);
      return new OpsError('StoreUnavailable', 'not accepted: the state store did not answer in time', {
        nextStep: 'Nothing was started. Try again in a moment',
      });
    });
    if (appended.ok) return { type: 'accepted', run, queue: () => queueRun(deps, { ...requested, run }) };
    const [first] = await deps.state.runs.read(run, 0);
    if (first?.type === 'requested' && first.requestKey === requested.requestKey) {
      return { type: 'accepted', run, queue: () => queueRun(deps, first) };
    }
  }
}

/** Everything begins with reading: a change is planned first. */
function firstLane({ cluster }: Requested): Lane {
  return { type: 'read', cluster };
}

async function queueRun({ queues, prepare }: SubmitDeps, requested: Requested): Promise<void> {
  await prepare?.(requested);
  await Promise.all([queues.add(firstLane(requested), requested.run), queues.add({ type: 'render' }, requested.run)]);
}

/** `late` is called when the time is up, and says what is then thrown. */
async function within<T>(limitMs: number, work: Promise<T>, late: () => OpsError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The person was told "not accepted", so an append that lands after all must not run. */
function endLate(deps: SubmitDeps, run: RunId, appending: Promise<{ readonly ok: boolean }>): void {
  const at = deps.clock.now().toISOString();
  const outcome = { type: 'refused' as const, reason: 'it was recorded too late: the answer had been "not accepted"' };
  appending
    // `record`, not `append`: should the sweep have found it first, the worker that began finds the run ended.
    .then((appended) => (appended.ok ? record(deps.state.runs, run, { type: 'ended', at, outcome }) : undefined))
    .catch((thrown: unknown) => deps.log.warn({ err: thrown, run }, 'late request could not be ended'));
}
