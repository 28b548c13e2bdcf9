import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { iperf } from '../../jobs/iperf.ts';
import { rememberingNodes } from '../../src/app/known-nodes.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { ClusterPort, State } from '../../src/core/ports/ports.ts';
import { NODES } from '../../src/core/resources.ts';
import { aWorld, runOf } from '../app/world.ts';
import { aDesk, type Desk, type Mode, runsOf } from './desk.ts';

const PROBES = { rules: [{ risks: ['probe'], approvals: 0 }] };
const ONE = { clusters: [{ name: 'prod' }], policy: PROBES };
const TWO = { clusters: [{ name: 'prod' }, { name: 'dev' }], policy: PROBES };
/** Where a test is about the form and not about the way to it, one way is enough. */
const MODE: Mode = 'socket';

type Parts = { readonly config?: unknown; readonly mode?: Mode; readonly state?: (real: State) => State };

async function aDeskWithIperf({ config = ONE, mode = MODE, state = (real) => real }: Parts = {}): Promise<Desk> {
  return aDesk({ mode, world: aWorld({ jobs: [iperf], config, state }) });
}

/** What a worker leaves behind that has read the nodes: the only way names get to the bot. */
async function read({ world }: Desk, cluster: string, names: readonly string[]): Promise<void> {
  const list: ClusterPort['list'] = async function* () {
    yield names.map((name) => ({ metadata: { name, labels: { 'topology.kubernetes.io/zone': `z${name.length}` } } }));
  };
  const unused = () => Promise.reject(new OpsError('Bug', 'not in this test'));
  const name = ClusterName.parse(cluster);
  const port: ClusterPort = { name, list, version: unused, get: unused, exec: unused, podLog: unused, mayI: unused };
  const remembering = rememberingNodes(port, { blobs: world.state.blobs, now: world.clock.now, log: world.log });
  for await (const _ of remembering.list(NODES, { as: 'objects' }, AbortSignal.timeout(1_000)));
}

const View = z.looseObject({
  id: z.string(),
  title: z.object({ text: z.string() }),
  blocks: z.array(
    z.looseObject({
      block_id: z.string(),
      type: z.string(),
      element: z.looseObject({ type: z.string(), action_id: z.string() }).optional(),
    }),
  ),
});
type View = z.infer<typeof View>;

async function viewsOf(desk: Desk, who = 'dana'): Promise<readonly View[]> {
  const raw: unknown = await fetch(`${desk.slack.controlUrl}/views`).then((each) => each.json());
  const { views } = z.object({ views: z.record(z.string(), z.array(View)) }).parse(raw);
  return views[desk.user(who)] ?? [];
}

async function opened(desk: Desk): Promise<View> {
  await expect.poll(() => viewsOf(desk), { timeout: 5_000 }).toHaveLength(1);
  const [view] = await viewsOf(desk);
  if (view === undefined) throw new Error('there is no modal');
  return view;
}

function kinds({ blocks }: View): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(blocks.flatMap(({ block_id: id, element }) => (element ? [[id, element.type]] : [])));
}

/** Node names and numbers as they are, options by their place. */
async function submitted(desk: Desk, view: View, entered: Readonly<Record<string, string>>) {
  const values = Object.fromEntries(
    Object.entries(entered).map(([blockId, value]) => {
      const { type = '', action_id = '' } = view.blocks.find((block) => block.block_id === blockId)?.element ?? {};
      const isPicked = /select|radio/.test(type);
      const label = { type: 'plain_text', text: value };
      return [blockId, { [action_id]: isPicked ? { selected_option: { text: label, value } } : { value } }];
    }),
  );
  return desk.act('submit', { viewId: view.id, user: desk.user('dana'), values });
}

async function offered(
  desk: Desk,
  view: View,
  { field, typed = '' }: { readonly field: string; readonly typed?: string },
) {
  const asked = {
    viewId: view.id,
    user: desk.user('dana'),
    action_id: 'cilium-form-node',
    block_id: field,
    value: typed,
  };
  const { options } = z
    .looseObject({ options: z.array(z.object({ value: z.string() })) })
    .parse(await desk.act('options', asked));
  return options.map(({ value }) => value);
}

async function whispers(desk: Desk): Promise<readonly string[]> {
  return (await desk.messages()).flatMap((each) => (each.ephemeral_to === undefined ? [] : [each.text]));
}

async function typedLines(desk: Desk): Promise<readonly string[]> {
  return Promise.all((await runsOf(desk)).map(async (id) => (await runOf(desk.world, id)).request.text));
}

describe.each<Mode>(['socket', 'http'])('a command that asks with a form, over %s', (mode) => {
  it('opens it when called alone, offers the nodes a worker read, and what is submitted is a typed line', async () => {
    const desk = await aDeskWithIperf({ mode });
    await read(desk, 'prod', ['node10', 'node2', 'node1']);

    await desk.command('iperf');
    const view = await opened(desk);
    expect(await offered(desk, view, { field: 'from@prod' })).toEqual(['node1', 'node2', 'node10']);
    expect(await offered(desk, view, { field: 'to@prod', typed: '10' })).toEqual(['node10']);
    expect(await offered(desk, view, { field: 'to@prod', typed: 'z6' })).toEqual(['node10']);
    const done = await submitted(desk, view, { 'from@prod': 'node1', 'to@prod': 'node2', streams: '3', runs: '6' });

    expect(done).toMatchObject({ ok: true });
    expect(await viewsOf(desk)).toEqual([]);
    expect(await typedLines(desk)).toEqual(['iperf prod --from node1 --to node2 --streams 4 --runs 6']);
    const [id] = await runsOf(desk);
    await expect.poll(() => desk.world.queues.added).toEqual([`read.prod ${id}`, `render ${id}`]);
  });
});

describe('a form', () => {
  it('that is submitted as it stands says no more than the command and the cluster', async () => {
    const desk = await aDeskWithIperf();
    await desk.command('iperf');

    await submitted(desk, await opened(desk), {});

    expect(await typedLines(desk)).toEqual(['iperf prod']);
  });

  it.each([
    { when: 'one node twice', entered: { 'from@prod': 'a', 'to@prod': 'a' }, at: 'to@prod', says: 'name another' },
    { when: 'all pairs of two nodes', entered: { allPairs: '1', 'from@prod': 'a' }, at: 'allPairs', says: 'take away' },
    { when: 'no name of a node', entered: { 'from@prod': 'Not A Node' }, at: 'from@prod', says: 'the name of a node' },
    { when: 'a flag in place of a node', entered: { 'to@prod': '--all-pairs' }, at: 'to@prod', says: 'the name of' },
    { when: 'a rate without UDP', entered: { rate: '500' }, at: 'rate', says: 'TCP takes what it gets' },
    {
      when: 'more than the policy allows',
      entered: { duration: '31' },
      at: 'duration',
      says: '31 seconds per run are more than the 30',
    },
    {
      when: 'longer than the policy allows',
      entered: { duration: '30', runs: '20', streams: '0' },
      at: 'runs',
      says: 'It would take about 42:40',
    },
  ])('says beside the field what is wrong: $when', async ({ entered, at, says }) => {
    const desk = await aDeskWithIperf({ config: { ...ONE, policy: { ...PROBES, benchmarks: { minutes: 40 } } } });
    await desk.command('iperf');

    const answer = await submitted(desk, await opened(desk), entered);

    expect(answer).toMatchObject({ response_action: 'errors', errors: { [at]: expect.stringContaining(says) } });
    expect(await viewsOf(desk)).toHaveLength(1);
    expect(await runsOf(desk)).toEqual([]);
  });

  it('keeps what was entered under a refusal that belongs to no field', async () => {
    const desk = await aDeskWithIperf({ config: { clusters: [{ name: 'prod' }] } });
    await desk.command('iperf');

    await submitted(desk, await opened(desk), { runs: '6' });

    const [form, refused] = await viewsOf(desk);
    expect(form?.title.text).toBe('Measure throughput');
    expect(refused?.title.text).toBe('Not started');
    expect(JSON.stringify(refused?.blocks)).toContain('no policy allows it');
    expect(await runsOf(desk)).toEqual([]);
  });

  it('submitted twice makes one run', async () => {
    const desk = await aDeskWithIperf();
    await desk.command('iperf');
    const view = await opened(desk);
    await desk.fault('deliveries', 'duplicate');

    await submitted(desk, view, {});

    expect(await runsOf(desk)).toHaveLength(1);
  });

  it('asks for names where no worker has read the nodes, and says so', async () => {
    const desk = await aDeskWithIperf();
    await desk.command('iperf');
    const view = await opened(desk);

    expect(kinds(view)).toMatchObject({ 'from@prod': 'plain_text_input', 'to@prod': 'plain_text_input' });
    expect(JSON.stringify(view.blocks)).toContain('Nothing is known about the nodes of prod');
    await submitted(desk, view, { 'from@prod': ' node1 ' });

    expect(await typedLines(desk)).toEqual(['iperf prod --from node1']);
  });

  it('opens all the same when the store does not answer', async () => {
    const never = () => new Promise<never>(() => undefined);
    const desk = await aDeskWithIperf({ state: (real) => ({ ...real, blobs: { ...real.blobs, get: never } }) });

    await desk.command('iperf');

    expect(kinds(await opened(desk))).toMatchObject({ 'from@prod': 'plain_text_input' });
  });

  it('chooses no cluster for anybody, and offers the nodes of the one that is chosen', async () => {
    const desk = await aDeskWithIperf({ config: TWO });
    await read(desk, 'dev', ['worker-a', 'worker-b']);
    await desk.command('iperf');
    const empty = await opened(desk);
    expect(kinds(empty)).not.toHaveProperty('from@dev');
    const early = await submitted(desk, empty, { runs: '6' });
    expect(early).toMatchObject({ response_action: 'errors', errors: { cluster: expect.any(String) } });

    const choice = { text: { type: 'plain_text', text: 'dev' }, value: 'dev' };
    const action = { type: 'static_select', action_id: 'cilium-form-cluster', selected_option: choice };
    await desk.act('interact', { viewId: empty.id, user: desk.user('dana'), action });
    await expect.poll(async () => kinds(await opened(desk))).toMatchObject({ 'from@dev': 'external_select' });
    const view = await opened(desk);
    expect(await offered(desk, view, { field: 'from@dev' })).toEqual(['worker-a', 'worker-b']);
    await submitted(desk, view, { cluster: 'dev', 'from@dev': 'worker-b' });

    expect(await typedLines(desk)).toEqual(['iperf dev --from worker-b --runs 6']);
  });

  it('knows nothing of clusters that belong to other channels', async () => {
    const clusters = [{ name: 'prod' }, { name: 'secret', channels: ['C0ELSEWHERE'] }];
    const desk = await aDeskWithIperf({ config: { clusters, policy: PROBES } });

    await desk.command('iperf');

    expect(JSON.stringify(await opened(desk))).not.toContain('secret');
  });
});

describe('where a form cannot be opened', () => {
  it('a mention is answered with a button that opens it, and one for the defaults', async () => {
    const desk = await aDeskWithIperf();
    await desk.act('message', {
      channel: desk.ops,
      user: desk.user('dana'),
      text: `<@${desk.user('cilium')}> iperf`,
    });
    await expect.poll(() => whispers(desk)).toHaveLength(1);
    const [offer] = (await desk.messages()).filter((each) => each.ephemeral_to);
    expect(JSON.stringify(offer?.blocks)).toContain('iperf prod');

    const action = { type: 'button', action_id: 'cilium-type:0', value: 'iperf' };
    await desk.act('interact', { channel: desk.ops, user: desk.user('dana'), messageTs: offer?.ts, action });

    expect((await opened(desk)).title.text).toBe('Measure throughput');
    expect(await runsOf(desk)).toEqual([]);
  });

  it('Slack’s refusal is told to the person, with the button to try again', async () => {
    const times = { triggerTtlMs: -1 };
    const desk = await aDesk({ world: aWorld({ jobs: [iperf], config: ONE }), slack: { times } });

    await desk.command('iperf');

    await expect.poll(() => whispers(desk)).toMatchObject([expect.stringContaining('did not open the form')]);
  });

  it('arguments are taken as typed, without a form', async () => {
    const desk = await aDeskWithIperf();

    await desk.command('iperf prod');

    await expect.poll(() => typedLines(desk)).toEqual(['iperf prod']);
    expect(await viewsOf(desk)).toEqual([]);
  });

  it('people from other organisations are refused, and see none', async () => {
    const desk = await aDeskWithIperf();
    const channel = desk.slack.channels['partners'];

    await desk.act('message', { channel, user: desk.user('pat'), text: `<@${desk.user('cilium')}> iperf` });

    await expect
      .poll(async () => (await desk.messages(channel)).filter((each) => each.ephemeral_to))
      .toMatchObject([{ text: expect.stringContaining('other organisations') }]);
    expect(await viewsOf(desk, 'pat')).toEqual([]);
  });
});
