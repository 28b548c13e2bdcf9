import { describe, expect, it, onTestFinished } from 'vitest';
import { publish } from '../../src/app/publish/publish.ts';
import type { RunId } from '../../src/core/ids.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createSlackBot } from '../../src/slack/slack-bot.ts';
import { aChanging, type Changing } from '../app/changing.ts';
import { eventsOf, runOf } from '../app/world.ts';
import { aDesk, type Desk, runsOf } from './desk.ts';

const CONFIG = {
  clusters: [{ name: 'prod' }],
  policy: { rules: [{ approvals: 2, approve: { groups: ['S0APPROVERS'] } }] },
};

type Stage = { readonly desk: Desk; readonly changing: Changing; readonly id: RunId };

async function render({ desk, changing, id }: Stage): Promise<void> {
  const { world } = changing;
  const now = world.clock.now();
  const deps = { ...world, chat: desk.bot.chat };
  await publish({ ...deps, render: (run, around) => renderRun(run, { ...around, now, uploads: true }) }, id);
}

/** Asked for in the channel, planned by a worker, the card posted; two replicas of the bot listen. */
async function aCard(): Promise<Stage> {
  const changing = aChanging({ config: CONFIG });
  const desk = await aDesk({ world: changing.world });
  const { botToken, appToken } = desk.slack.tokens;
  const transport = { type: 'socket', appToken } as const;
  const second = createSlackBot({ botToken, apiUrl: desk.slack.apiUrl, root: '/cilium', transport }, changing.world);
  await second.start();
  onTestFinished(() => second.stop());
  await desk.command('enable native-routing prod --reason CHG-4711');
  await expect.poll(() => runsOf(desk)).toHaveLength(1);
  const [id] = await runsOf(desk);
  const stage = { desk, changing, id: id as RunId };
  await changing.work(stage.id);
  await render(stage);
  return stage;
}

async function card({ desk }: Stage) {
  const [parent] = (await desk.messages()).filter(
    (each) => (each.thread_ts === undefined || each.thread_ts === each.ts) && !each.ephemeral_to,
  );
  if (!parent) throw new Error('there is no card');
  return parent;
}

type Pressed = { readonly by: string; readonly label: string };

async function press(stage: Stage, { by, label }: Pressed): Promise<unknown> {
  const { desk } = stage;
  const message = await card(stage);
  const button = message.blocks
    .flatMap((block) => (Array.isArray(block['elements']) ? block['elements'] : []))
    .find((each) => each.text?.text === label);
  if (!button) throw new Error(`the card has no ${label}`);
  const { action_id, value } = button;
  const action = { type: 'button', action_id, value };
  return desk.act('interact', { channel: desk.ops, user: desk.user(by), messageTs: message.ts, action });
}

async function told({ desk }: Stage): Promise<readonly string[]> {
  return (await desk.messages()).flatMap((each) => (each.ephemeral_to ? [each.text] : []));
}

describe('approving in Slack, with two replicas of the bot', () => {
  it('takes any number of clicks at one moment as one approval, and answers each', async () => {
    const stage = await aCard();
    const clicks = ['lee', 'sam', 'lee', 'kim', 'sam', 'dana'].map((by) => press(stage, { by, label: 'Approve' }));

    await Promise.all(clicks);

    await expect.poll(async () => (await told(stage)).length).toBe(6);
    const events = await eventsOf(stage.changing.world, stage.id);
    expect(events.filter((type) => type === 'voted')).toHaveLength(2);
    expect(events.filter((type) => type === 'approved')).toHaveLength(1);
    const said = (await told(stage)).join('\n');
    expect(said).toMatch(/approved run-|is approved already|You have approved/);
  });

  it('ends with an outcome on the card without buttons, in the thread, and to everybody concerned', async () => {
    const stage = await aCard();
    await press(stage, { by: 'lee', label: 'Approve' });
    await press(stage, { by: 'sam', label: 'Approve' });
    await expect.poll(async () => (await runOf(stage.changing.world, stage.id)).now.state).toBe('approved');

    await stage.changing.work(stage.id);
    await render(stage);

    const parent = await card(stage);
    expect(JSON.stringify(parent.blocks)).not.toContain('approve run-');
    expect(JSON.stringify(parent.blocks)).toContain('approved by');
    const thread = (await stage.desk.messages()).filter(
      (each) => each.thread_ts === parent.ts && each.ts !== parent.ts,
    );
    expect(thread.map((each) => each.text).join('\n')).toContain('For <@');
    const calls = await stage.desk.calls();
    expect(calls.filter((each) => each.startsWith('chat.postMessage') && each.includes('→ ok')).length).toBeGreaterThan(
      5,
    );
    await render(stage);
    expect((await stage.desk.calls()).length).toBe(calls.length);
  });

  it('says to whoever clicks on an outdated card that it is', async () => {
    const stage = await aCard();
    const { world, change } = stage.changing;
    const stale = { ...(await card(stage)) };
    await press(stage, { by: 'lee', label: 'Approve' });
    await press(stage, { by: 'sam', label: 'Approve' });
    await expect.poll(async () => (await runOf(world, stage.id)).now.state).toBe('approved');
    const first = change.plan();
    if (first.type !== 'plan') throw new Error('it plans');
    change.plan = () => ({ ...first, plan: { ...first.plan, pinned: { nodes: '4' } } });
    await stage.changing.work(stage.id);
    const before = (await told(stage)).length;

    // The card is not brought up yet: its button still names the plan before.
    expect((await card(stage)).ts).toBe(stale.ts);
    await press(stage, { by: 'lee', label: 'Approve' });

    await expect.poll(async () => (await told(stage)).length).toBe(before + 1);
    expect((await told(stage)).at(-1)).toContain('card is outdated');
    await render(stage);
    expect((await card(stage)).text).toContain('The earlier approval does not count');
  });

  it('opens the whole diff and all checks in a modal', async () => {
    const stage = await aCard();

    await press(stage, { by: 'kim', label: 'Full diff' });
    await press(stage, { by: 'kim', label: 'All checks' });

    const views = async () => (await stage.desk.calls()).filter((each) => each.startsWith('views.'));
    await expect.poll(views).toHaveLength(4);
    expect((await views()).every((each) => each.includes('ok'))).toBe(true);
  });

  it('asks whoever froze the cluster when it is frozen, and the card says so', async () => {
    const stage = await aCard();
    await stage.desk.command('freeze prod incident 4711', 'kim');
    // Edits that are no change of state keep their distance.
    stage.changing.world.clock.advance(6_000);

    await render(stage);
    await press(stage, { by: 'lee', label: 'Approve' });

    expect((await card(stage)).text).toContain('frozen by <@');
    await expect
      .poll(async () => (await told(stage)).join('\n'))
      .toContain(`Not counted: prod is frozen by <@${stage.desk.user('kim')}>`);
  });
});
