import { describe, expect, it } from 'vitest';
import { createHomePage } from '../../src/app/home/home.ts';
import { clickOnHome } from '../../src/app/home/home-click.ts';
import { Actor, Origin } from '../../src/core/actor.ts';
import type { ClusterName, RunId } from '../../src/core/ids.ts';
import type { RunStore } from '../../src/core/ports/ports.ts';
import { validateView } from '../../src/rehearsal/slack/blocks/view.ts';
import { renderHome } from '../../src/render/home.ts';
import { aChanging } from './changing.ts';
import { accepted, aWorld, dana, eventsOf, fine, lee, type World } from './world.ts';

const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });
const kim = Actor.parse({ user: 'U04KIM', team: 'T01HOME' });

const OPEN = { clusters: [{ name: 'prod' }] };
const RULES = { rules: [{ clusters: ['prod'], approvals: 2, approve: { users: ['U02LEE', 'U03SAM'] } }] };
const TIED = { clusters: [{ name: 'prod', channels: ['C01OPS'] }, { name: 'dev' }], policy: RULES };

async function seen(world: World, by: Actor): Promise<readonly ClusterName[]> {
  return (await createHomePage(world).read(by)).clusters.map((cluster) => cluster.name);
}

async function end(world: World, id: RunId): Promise<void> {
  const { runs } = world.state;
  const at = world.clock.now().toISOString();
  await runs.append(id, (await runs.read(id, 0)).length, { type: 'ended', at, outcome: fine });
}

/** A plan for prod that waits for two approvals, asked for by dana in C01OPS. */
async function aPlanWaiting(config: unknown = TIED) {
  const changing = aChanging({ config });
  const id = await accepted(changing.world, 'enable native-routing prod');
  await changing.work(id);
  return { ...changing, id, page: createHomePage(changing.world) };
}

describe('which clusters a Home shows', () => {
  it('is all that may be operated from everywhere', async () => {
    expect(await seen(aWorld({ config: OPEN }), kim)).toEqual(['prod']);
  });

  it.each([
    { who: 'somebody the policy names', by: lee, want: ['prod', 'dev'] },
    { who: 'somebody it does not name', by: kim, want: ['dev'] },
  ])('of those tied to channels, is what $who may know', async ({ by, want }) => {
    expect(await seen(aWorld({ config: TIED }), by)).toEqual(want);
  });

  it('of those tied to channels, is what somebody asked for there, for seven days', async () => {
    const world = aWorld({ config: TIED });
    await accepted(world, 'status prod', { by: kim });

    expect(await seen(world, kim)).toEqual(['prod', 'dev']);

    world.clock.advance(8 * 24 * 3_600_000);

    expect(await seen(world, kim)).toEqual(['dev']);
  });

  it('leaves out, in doubt, what a group decides that nobody can look up', async () => {
    const groups = { rules: [{ approvals: 1, approve: { groups: ['S0GONE'] } }] };

    expect(await seen(aWorld({ config: { ...TIED, policy: groups } }), kim)).toEqual(['dev']);
  });

  it('hides the runs of the others, too', async () => {
    const world = aWorld({ config: TIED });
    await accepted(world, 'status prod');

    expect((await createHomePage(world).read(kim)).recent).toEqual([]);
    expect((await createHomePage(world).read(lee)).recent).toHaveLength(1);
  });
});

describe('what a Home says', () => {
  it('has the newest status, the own runs, and what others ran', async () => {
    const world = aWorld({ config: OPEN });
    const first = await accepted(world, 'status prod', { by: lee });
    await end(world, first);
    const second = await accepted(world, 'status prod');

    const home = await createHomePage(world).read(dana);

    expect(home.clusters[0]?.status).toMatchObject({ run: first, mark: 'ok' });
    expect(home.mine.map((run) => run.run)).toEqual([second]);
    expect(home.recent.map((run) => run.run)).toEqual([first]);
  });

  it('has links to threads once a message is there', async () => {
    const linkTo = ({ channel, ts }: { channel: string; ts: string }) =>
      `https://x.slack.com/archives/${channel}/p${ts}`;
    const world = { ...aWorld({ config: OPEN }), linkTo };
    const id = await accepted(world, 'status prod');
    const delivery = { channel: 'C01OPS', parent: { ts: '12.5', hash: '', editedAtMs: 0, look: '' } };
    await world.state.blobs.put(`${id}/slack`, new TextEncoder().encode(JSON.stringify(delivery)));

    const home = await createHomePage(world).read(dana);

    expect(home.mine[0]?.url).toBe('https://x.slack.com/archives/C01OPS/p12.5');
  });

  it('reads an ended run once, whatever is opened later', async () => {
    const world = aWorld({ config: OPEN });
    await end(world, await accepted(world, 'status prod'));
    let reads = 0;
    const runs: RunStore = {
      ...world.state.runs,
      read: (run, after) => {
        reads += 1;
        return world.state.runs.read(run, after);
      },
    };
    const page = createHomePage({ ...world, state: { ...world.state, runs } });

    await page.read(dana);
    await page.read(lee);

    expect(reads).toBe(1);
  });

  it.each([
    { who: 'an approver', by: lee, want: 1 },
    { who: 'whoever asked', by: dana, want: 0 },
    { who: 'somebody who may not', by: kim, want: 0 },
  ])('asks $who for a vote only where it would count', async ({ by, want }) => {
    const { page } = await aPlanWaiting();

    expect((await page.read(by)).votes).toHaveLength(want);
  });

  it('asks nobody twice, nor when it has expired', async () => {
    const { page, world, id } = await aPlanWaiting();
    await clickOnHome(world, page, { line: `approve ${id}`, root: '/cilium', by: lee, requestKey: 'home:1' });

    expect((await page.read(lee)).votes).toEqual([]);
    expect((await page.read(sam)).votes).toHaveLength(1);

    world.clock.advance(31 * 60_000);

    expect((await page.read(sam)).votes).toEqual([]);
  });

  it('says what the reader may do', async () => {
    const { page } = await aPlanWaiting();
    const [prod] = (await page.read(lee)).clusters;

    expect(prod?.may.approves).toBe(true);
    expect(prod?.may.jobs.map(({ standing }) => standing.type)).toContain('may');
  });

  it('is a view that Slack takes, however much there is', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `cluster-${n}`);
    const { world, page } = await aPlanWaiting({
      clusters: [{ name: 'prod' }, ...names.map((name) => ({ name }))],
      policy: RULES,
    });
    for (let n = 0; n < 30; n += 1)
      await accepted(world, `status prod --nodes ${'n'.repeat(200)}`, { by: n % 2 ? dana : kim });

    const home = await page.read(lee);
    const view = renderHome(home, '/cilium');

    expect(home.moreClusters).toBe(29);
    expect(view.blocks.length).toBeLessThanOrEqual(100);
    expect(validateView({ ...view }, 'home')).toEqual([]);
  });
});

describe('a click on a Home', () => {
  const click = (line: string, by: Actor) => ({ line, by, root: '/cilium', requestKey: `home:${line}` });

  it('counts as in the thread of the run, whose channel it is taken for', async () => {
    const { world, page, id } = await aPlanWaiting();

    const said = await clickOnHome(world, page, click(`approve ${id}`, lee));

    expect(said.text).toContain(`Your approval of ${id} counts`);
    expect((await eventsOf(world, id)).at(-1)).toBe('voted');
  });

  it.each([
    { when: 'it is the own request', by: dana, want: 'you asked for this change' },
    { when: 'the run is none of theirs', by: kim, want: 'There is no run' },
    {
      when: 'they come from elsewhere',
      by: Actor.parse({ user: 'U02LEE', external: true }),
      want: 'other organisations',
    },
  ])('is refused when $when', async ({ by, want }) => {
    const { world, page, id } = await aPlanWaiting();

    const said = await clickOnHome(world, page, click(`approve ${id}`, by));

    expect(said.text).toContain(want);
    expect(await eventsOf(world, id)).not.toContain('voted');
  });

  it('that is about no run belongs into a channel', async () => {
    const { world, page } = await aPlanWaiting();

    expect((await clickOnHome(world, page, click('unfreeze prod', lee))).text).toBe(
      'Type it in a channel: /cilium unfreeze prod',
    );
  });

  it('reaches no run of the terminal, and none of a channel that lost its cluster', async () => {
    const { world, page } = await aPlanWaiting();
    const terminal = await accepted(world, 'status dev', { origin: Origin.parse({ type: 'terminal' }) });

    expect((await clickOnHome(world, page, click(`cancel ${terminal}`, lee))).text).toContain('There is no run');
  });

  it('is answered when the store is away', async () => {
    const { world, page, id } = await aPlanWaiting();
    const runs = { ...world.state.runs, read: () => Promise.reject(new Error('away')) };

    const said = await clickOnHome({ ...world, state: { ...world.state, runs } }, page, click(`approve ${id}`, lee));

    expect(said.mark).toBe('fail');
  });
});
