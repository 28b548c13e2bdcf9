import { z } from 'zod';
import type { SubmitDeps, Submitted } from '../../src/app/submit.ts';
import { submit } from '../../src/app/submit.ts';
import { type Actor, Actor as ActorSchema, Origin } from '../../src/core/actor.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName, type GroupId, type RunId, UserId } from '../../src/core/ids.ts';
import { defineJob, type Job, type JobContext, type JobRun } from '../../src/core/job.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import type { State } from '../../src/core/ports/ports.ts';
import type { Reply } from '../../src/core/replies/reply.ts';
import type { Outcome } from '../../src/core/run/outcome.ts';
import { fold, type Run } from '../../src/core/run/run.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createFakeQueues, type FakeQueues } from '../support/fake-queues.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { createTestLog, type TestLog } from '../support/test-log.ts';

export const dana = ActorSchema.parse({ user: 'U01DANA', team: 'T01HOME' });
export const lee = ActorSchema.parse({ user: 'U02LEE', team: 'T01HOME' });
export const OPS = Origin.parse({ type: 'slack', channel: 'C01OPS', via: 'slash' });

export const fine: Outcome = {
  type: 'succeeded',
  report: {
    mark: 'ok',
    headline: 'Cilium on prod is healthy',
    facts: ['Agents 3/3'],
    findings: [{ mark: 'warn', text: '5 pods are not managed' }],
    table: { columns: ['Feature', 'State'], rows: [['Routing', 'Tunnel (VXLAN)']] },
    sections: [],
    next: [{ label: 'Re-run', command: 'status prod' }],
    asOf: '2026-11-23T15:20:00.000Z',
  },
};

type JobParts = Partial<Pick<Job, 'name' | 'risk' | 'deadlineMs' | 'words'>> & {
  readonly run?: (args: unknown, context: JobContext) => JobRun;
};

const Args = z.object({ cluster: ClusterName.optional(), nodes: z.array(z.string()).optional() });

/** By default `status`: succeeds at once, with data. */
export function aJob({ name = 'status', risk = 'read', deadlineMs = 10_000, words, run }: JobParts = {}): Job {
  return defineJob({
    name,
    words: words ?? [[name]],
    summary: 'looks',
    usage: '[cluster]',
    examples: [name],
    risk,
    deadlineMs,
    positionals: ['cluster'],
    flags: { nodes: { type: 'list', help: 'which' } },
    Args,
    run:
      run ??
      async function* () {
        yield* [];
        return { outcome: fine, data: { answer: 42 } };
      },
  });
}

export type World = SubmitDeps & {
  /** Members of user groups; a group that is not here cannot be looked up. */
  readonly members: Map<string, readonly string[]>;
  readonly state: State;
  readonly queues: FakeQueues;
  readonly clock: FakeClock;
  readonly log: TestLog;
  readonly ask: (line: string, more?: Asking) => Promise<Submitted>;
};

export type Asking = {
  readonly by?: Actor;
  readonly origin?: Origin;
  readonly requestKey?: string;
};

type WorldParts = {
  readonly jobs?: readonly Job[];
  readonly config?: unknown;
  readonly state?: (real: State) => State;
};

export function aWorld({ jobs = [aJob()], config, state = (real) => real }: WorldParts = {}): World {
  const clock = createFakeClock();
  const parsed = ChatopsConfig.parse(config ?? { clusters: [{ name: 'prod' }] });
  const members = new Map<string, readonly string[]>();
  const deps = {
    members,
    groups: {
      members: async (group: GroupId) => {
        const known = members.get(group);
        if (known === undefined) throw new OpsError('SlackUnavailable', `nobody could look up the group ${group}`);
        return new Set(known.map((user) => UserId.parse(user)));
      },
    },
    state: state(createMemoryState(clock.now)),
    queues: createFakeQueues(),
    jobs,
    config: () => parsed,
    clock,
    log: createTestLog(),
  };
  let requests = 0;
  return {
    ...deps,
    ask: (line, { by = dana, origin = OPS, requestKey } = {}) => {
      requests += 1;
      return submit(deps, { line, root: '/cilium', by, origin, requestKey: requestKey ?? `slash:${requests}` });
    },
  };
}

/** Asks and puts it to work. */
export async function accepted(world: World, line: string, more?: Asking): Promise<RunId> {
  const submitted = await world.ask(line, more);
  if (submitted.type !== 'accepted') throw new Error(`not accepted: ${submitted.reply.text}`);
  await submitted.queue();
  return submitted.run;
}

export async function replied(world: World, line: string, more?: Asking): Promise<Reply> {
  const submitted = await world.ask(line, more);
  if (submitted.type !== 'reply') throw new Error(`accepted as ${submitted.run}`);
  return submitted.reply;
}

export async function runOf(world: Pick<World, 'state'>, id: RunId): Promise<Run> {
  const run = fold(await world.state.runs.read(id, 0));
  if (!run) throw new Error(`there is no ${id}`);
  return run;
}

export async function eventsOf(world: Pick<World, 'state'>, id: RunId): Promise<readonly string[]> {
  return (await world.state.runs.read(id, 0)).map((event) => event.type);
}
