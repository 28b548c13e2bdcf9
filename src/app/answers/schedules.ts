import { OpsError } from '../../core/errors.ts';
import { rhythmOf, type Schedule } from '../../core/policy/schedule.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import { loadTick, loadWatch } from '../schedules/schedule-state.ts';
import type { Answer, AnswerContext } from './answer.ts';

/** As many as an answer has room for. */
const SHOWN = 15;

export const schedules: Answer = {
  name: 'schedules',
  words: [['schedules']],
  summary: 'What is looked at by itself: when last, what it found, when it last changed, when next',
  usage: '',
  examples: ['schedules'],
  risk: 'read',
  deadlineMs: 5_000,
  positionals: [],
  flags: {},
  answer: (_, context) => answer(context),
};

async function answer(context: AnswerContext): Promise<Reply> {
  const here = context.config.schedules.filter((schedule) => isHere(schedule, context));
  if (here.length === 0)
    return reply('none', 'Nothing is scheduled here', {
      lines: [{ text: 'Whoever runs this bot can: schedules in chatops.yaml' }],
    });
  const next = await nextTicks(context);
  const all = await Promise.all(
    here.slice(0, SHOWN).map((schedule) => linesOf(schedule, next.get(schedule.name), context)),
  );
  const rest = here.length - SHOWN;
  const more = rest > 0 ? [{ text: `and ${rest} more` }] : [];
  return reply('none', `${here.length === 1 ? 'One schedule' : `${here.length} schedules`}; only changes are said`, {
    lines: [...all.flat(), ...more],
  });
}

/** Who may not see a channel's clusters does not learn what is found on them. */
function isHere({ channel }: Schedule, { origin, config, clusters }: AnswerContext): boolean {
  if (origin.type !== 'terminal' && origin.channel === channel) return true;
  return config.clusters.every(({ name }) => clusters.includes(name));
}

/** The times are a nicety: without them the rest is said. */
async function nextTicks({ ticks, log }: AnswerContext): Promise<ReadonlyMap<string, Date>> {
  const asked = ticks?.next() ?? Promise.resolve(new Map<string, Date>());
  return asked.catch((thrown: unknown) => {
    if (!(thrown instanceof OpsError)) throw thrown;
    log.warn({ err: thrown }, 'next ticks unknown');
    return new Map<string, Date>();
  });
}

async function linesOf(schedule: Schedule, next: Date | undefined, { state }: AnswerContext): Promise<Reply['lines']> {
  const { name, command } = schedule;
  const [tick, watch] = await Promise.all([loadTick(state.blobs, name), loadWatch(state.blobs, name)]);
  const waits = tick !== undefined && tick.run !== watch?.run;
  return [
    { label: name, code: command, text: rhythmOf(schedule) },
    ...(watch === undefined ? [] : [{ label: 'last', at: watch.seenAt, text: watch.headline.slice(0, 600) }]),
    ...(watch?.changedAt === undefined ? [] : [{ label: 'changed', at: watch.changedAt }]),
    ...(waits ? [{ label: 'now', text: `${tick.run} has not ended yet` }] : []),
    ...(next === undefined ? [] : [{ label: 'next', at: next.toISOString() }]),
  ];
}
