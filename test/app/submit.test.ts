import { describe, expect, it } from 'vitest';
import { APPEND_LIMIT_MS } from '../../src/app/submit.ts';
import { Actor, Origin } from '../../src/core/actor.ts';
import { OpsError } from '../../src/core/errors.ts';
import { runIdFor } from '../../src/core/ids.ts';
import type { State } from '../../src/core/ports/ports.ts';
import { accepted, aJob, aWorld, dana, eventsOf, replied, runOf } from './world.ts';

const TWO = { clusters: [{ name: 'prod', channels: ['C01OPS'] }, { name: 'staging' }] };
const elsewhere = Origin.parse({ type: 'slack', channel: 'C02OTHER', via: 'slash' });

describe('a request', () => {
  it('is on record before anything is queued', async () => {
    const world = aWorld();

    const submitted = await world.ask('status prod --nodes a,b');

    expect(submitted.type).toBe('accepted');
    expect(world.queues.added).toEqual([]);
    const run = await runOf(world, submitted.type === 'accepted' ? submitted.run : runIdFor(''));
    expect(run.request).toMatchObject({
      cluster: 'prod',
      command: 'status',
      args: { cluster: 'prod', nodes: ['a', 'b'] },
      by: dana,
      text: 'status prod --nodes a,b',
      risk: 'read',
    });
  });

  it('goes to the lane of its cluster, and to the thread', async () => {
    const world = aWorld();

    const run = await accepted(world, 'status');

    expect(world.queues.added).toEqual([`read.prod ${run}`, `render ${run}`]);
  });

  it('makes one run, however often it is delivered', async () => {
    const world = aWorld();

    const runs = await Promise.all([1, 2, 3].map(() => accepted(world, 'status', { requestKey: 'slash:same' })));

    expect(new Set(runs).size).toBe(1);
    expect(await world.state.runs.recent({ limit: 10 })).toHaveLength(1);
    expect(await eventsOf(world, runs[0] ?? runIdFor(''))).toEqual(['requested']);
  });

  it('parts from another request that meets it on one id', async () => {
    const world = aWorld();
    const first = await accepted(world, 'status', { requestKey: 'slash:1' });
    const taken = await runOf(world, first);
    // What is found under the id belongs to another key.
    const id = runIdFor('slash:2');
    await world.state.runs.append(id, 0, { ...taken.request, run: id, requestKey: 'slash:other' });

    const second = await accepted(world, 'status', { requestKey: 'slash:2' });

    expect(second).toBe(runIdFor('slash:2', 1));
  });

  it('is refused from people of other organisations', async () => {
    const world = aWorld();

    const reply = await replied(world, 'status', { by: { ...dana, external: true } });

    expect(reply.text).toContain('other organisations');
    expect(await world.state.runs.recent({ limit: 10 })).toEqual([]);
  });

  it('from somebody whom Slack does not place looks, and decides nothing', async () => {
    const world = aWorld({ jobs: [aJob(), aJob({ name: 'enable', risk: 'change' })] });
    const by = Actor.parse({ user: 'U08WHO', team: 'T99', unverified: true });

    await accepted(world, 'status', { by });

    for (const line of ['enable', 'approve run-aaaaaa', 'cancel run-aaaaaa', 'freeze prod', 'continue run-aaaaaa'])
      expect((await replied(world, line, { by })).text).toContain('you may look, not change');
    expect((await replied(world, 'history', { by })).text).not.toContain('Not allowed');
  });

  it.each(['probe', 'change'] as const)('is refused by default for a %s', async (risk) => {
    const world = aWorld({ jobs: [aJob({ name: 'enable', risk })] });

    expect((await replied(world, 'enable')).text).toContain('no policy allows it');
  });

  it('that cannot be stored in a readable way is refused and not recorded', async () => {
    const world = aWorld();

    const reply = await replied(world, 'status', { requestKey: `slash:${'x'.repeat(300)}` });

    expect(reply.mark).toBe('fail');
    expect(await world.state.runs.recent({ limit: 10 })).toEqual([]);
  });

  it('with arguments a job does not take is answered with its usage', async () => {
    const reply = await replied(aWorld(), 'status Prod!');

    expect(reply.text).toContain('a cluster name has');
    expect(reply.lines.map((line) => line.code)).toContain('/cilium status [cluster]');
  });
});

describe('the cluster', () => {
  it('is the only one there is, when none is typed', async () => {
    const world = aWorld();

    expect((await runOf(world, await accepted(world, 'status'))).request.cluster).toBe('prod');
  });

  it('is the only one that belongs to the channel', async () => {
    const world = aWorld({ config: TWO });

    const run = await accepted(world, 'status', { origin: elsewhere });

    expect((await runOf(world, run)).request.cluster).toBe('staging');
  });

  it('is asked for when there are several, with a button for each that works', async () => {
    const world = aWorld({ config: TWO });

    const reply = await replied(world, 'status --nodes all');

    expect(reply.text).toBe('Which cluster?');
    expect(reply.next.map((next) => next.command)).toEqual(['status prod --nodes all', 'status staging --nodes all']);
    for (const next of reply.next) expect((await world.ask(next.command)).type).toBe('accepted');
  });

  it('that is misspelt is answered with the one that was meant', async () => {
    const reply = await replied(aWorld({ config: TWO }), 'status stagin');

    expect(reply.text).toBe('I do not know a cluster "stagin"');
    expect(reply.next).toEqual([{ label: 'Use staging', command: 'status staging' }]);
  });

  it('is replaced where it stands, not where its letters occur first', async () => {
    const world = aWorld({ config: { clusters: [{ name: 'us1' }, { name: 'eu1' }] } });

    expect((await replied(world, 'status us')).next.map((next) => next.command)).toEqual(['status us1']);
  });

  it('of another channel looks like one that does not exist', async () => {
    const reply = await replied(aWorld({ config: TWO }), 'status prod', { origin: elsewhere });

    expect(reply.text).toBe('I do not know a cluster "prod"');
    expect(JSON.stringify(reply.lines)).not.toContain('prod');
  });

  it('is missed in words where the channel has none', async () => {
    const world = aWorld({ config: { clusters: [{ name: 'prod', channels: ['C01OPS'] }] } });

    for (const line of ['status', 'status prod'])
      expect((await replied(world, line, { origin: elsewhere })).text).toBe(
        'No cluster can be operated from this channel',
      );
  });
});

describe('when the store', () => {
  const broken = (append: State['runs']['append']) => (real: State) => ({ ...real, runs: { ...real.runs, append } });

  it('is down, the answer is that it did not happen', async () => {
    const down = new OpsError('StoreUnavailable', 'the store does not answer', { nextStep: 'Try again in a moment' });
    const world = aWorld({ state: broken(() => Promise.reject(down)) });

    const reply = await replied(world, 'status');

    expect(reply).toMatchObject({ mark: 'fail', text: 'It did not happen: the store does not answer' });
  });

  it('fails in a way nobody foresaw, the answer shows nothing of it', async () => {
    const world = aWorld({ state: broken(() => Promise.reject(new TypeError('secret of the driver'))) });

    expect(JSON.stringify(await replied(world, 'status'))).not.toContain('secret');
  });

  it('is late, the answer is "not accepted", in time', async () => {
    const world = aWorld({ state: broken(() => new Promise(() => undefined)) });
    const from = Date.now();

    const reply = await replied(world, 'status');

    expect(reply.text).toContain('not accepted');
    expect(Date.now() - from).toBeLessThan(APPEND_LIMIT_MS + 500);
  });

  it('takes it after all when the answer was given, the run is ended at once', async () => {
    let land = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      land = resolve;
    });
    let real: State | undefined;
    const world = aWorld({
      state: (memory) => {
        real = memory;
        const append: State['runs']['append'] = async (run, seq, event) => {
          if (seq === 0) await late;
          return memory.runs.append(run, seq, event);
        };
        return { ...memory, runs: { ...memory.runs, append } };
      },
    });
    await replied(world, 'status', { requestKey: 'slash:late' });

    land();

    const id = runIdFor('slash:late');
    await expect
      .poll(() => real?.runs.read(id, 0).then((events) => events.map((event) => event.type)))
      .toEqual(['requested', 'ended']);
    expect((await runOf(world, id)).now).toMatchObject({ state: 'ended', outcome: { type: 'refused' } });
    expect(world.queues.added).toEqual([]);
  });
});
