import { OpsError } from '../../core/errors.ts';
import { ClusterName, type RunId } from '../../core/ids.ts';
import type { RunStore } from '../../core/ports/ports.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';
import { linkOf } from '../run-link.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { glance } from './run-summary.ts';

/** Runs looked at, newest first, and shown. */
const LOOK_AT = 200;
const SHOWN = 15;
/** Loaded at a time: an answer has two seconds. */
const AT_ONCE = 20;

export const history: Answer = {
  name: 'history',
  words: [['history']],
  summary: 'What was run here lately, newest first',
  usage: '[cluster] [--command <name>]',
  examples: ['history', 'history prod --command iperf'],
  risk: 'read',
  deadlineMs: 5_000,
  positionals: ['cluster'],
  flags: { command: { type: 'string', help: 'only this command: iperf, enable-native-routing, status …' } },
  answer: (raw, context) => answer(raw, context),
};

async function answer(raw: Readonly<Record<string, unknown>>, context: AnswerContext): Promise<Reply> {
  const { clusters, state } = context;
  const cluster = raw['cluster'] === undefined ? undefined : ClusterName.safeParse(raw['cluster']);
  const named = cluster?.success === true ? cluster.data : undefined;
  if (cluster !== undefined && (named === undefined || !clusters.includes(named)))
    return reply('warn', `There is no cluster "${text(raw['cluster'])}" here`, {
      lines: [{ text: `The clusters are ${clusters.join(', ')}` }],
    });
  const command = text(raw['command']);
  const isWanted = ({ request }: Run): boolean =>
    context.mayUse(request.cluster) &&
    (named === undefined || request.cluster === named) &&
    (command === '' || request.command === command);
  const runs = await newest(state.runs, isWanted);
  const what = `${command === '' ? 'Runs' : `Runs of ${command}`}${named === undefined ? '' : ` on ${named}`}`;
  if (runs.length === 0) return reply('none', `${what}: none among the last ${LOOK_AT}`);
  return reply('none', `${what}, newest first`, {
    lines: await Promise.all(runs.map((run) => lineOf(run, context))),
    next: nextOf(runs),
    people: { users: [...new Set(runs.map((run) => run.request.by.user))], groups: [] },
  });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

async function newest(store: RunStore, isWanted: (run: Run) => boolean): Promise<readonly Run[]> {
  const recent = await store.recent({ limit: LOOK_AT });
  const found: Run[] = [];
  for (let from = 0; from < recent.length && found.length < SHOWN; from += AT_ONCE) {
    const loaded = await Promise.all(recent.slice(from, from + AT_ONCE).map(({ run }) => known(store, run)));
    found.push(...loaded.filter((run) => run !== undefined).filter(isWanted));
  }
  return found.slice(0, SHOWN);
}

/** One that was removed meanwhile, or that a newer version wrote, is left out. */
async function known(store: RunStore, id: RunId): Promise<Run | undefined> {
  return loadRun(store, id).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code !== 'StoreUnavailable') return undefined;
    throw thrown;
  });
}

/** Who, when, what came of it, and where the record is. */
async function lineOf(run: Run, { state: { blobs }, linkTo }: AnswerContext): Promise<Reply['lines'][number]> {
  const { run: id, at, by, text: typed, command } = run.request;
  const url = await linkOf({ blobs, linkTo }, run.request);
  return {
    label: id,
    code: (typed === '' ? command : typed).slice(0, 300),
    at,
    text: `${by.user} · ${endWords(run)}`.slice(0, 600),
    ...(url === undefined ? {} : { url }),
  };
}

function endWords(run: Run): string {
  const { words } = glance(run);
  return run.now.state === 'ended' ? `${run.now.outcome.type}: ${words}` : words;
}

/** Two benchmarks are there to be compared: the older one first. */
function nextOf(runs: readonly Run[]) {
  const [newer, older] = runs.filter(
    ({ request, now }) => request.command === 'iperf' && now.state === 'ended' && now.outcome.type === 'succeeded',
  );
  const show = { label: 'Show the newest', command: `show ${runs[0]?.request.run ?? ''}` };
  if (newer === undefined || older === undefined) return [show];
  return [show, { label: 'Compare the last two', command: `compare ${older.request.run} ${newer.request.run}` }];
}
