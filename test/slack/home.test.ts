import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publish } from '../../src/app/publish/publish.ts';
import type { RunId } from '../../src/core/ids.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { aChanging } from '../app/changing.ts';
import { eventsOf } from '../app/world.ts';
import { aDesk, type Desk, runsOf } from './desk.ts';

const CONFIG = {
  clusters: [{ name: 'prod' }],
  policy: { rules: [{ approvals: 2, approve: { groups: ['S0APPROVERS'] } }] },
};

/** The machine may be busy with other tests. */
const SOON = { timeout: 15_000 };

const Button = z.object({ action_id: z.string(), value: z.string(), text: z.object({ text: z.string() }) });
const View = z.object({ id: z.string(), blocks: z.array(z.looseObject({ block_id: z.string() })) });
const Views = z.object({ views: z.record(z.string(), z.array(View)), homes: z.record(z.string(), View) });
type View = z.infer<typeof View>;

async function views({ slack }: Desk): Promise<z.infer<typeof Views>> {
  return Views.parse(await (await fetch(`${slack.controlUrl}/views`)).json());
}

function buttonOn(view: View | undefined, label: string) {
  for (const block of view?.blocks ?? []) {
    const elements = Array.isArray(block['elements']) ? block['elements'] : [];
    for (const each of elements) {
      const button = Button.safeParse(each);
      if (button.success && button.data.text.text === label) return { block_id: block.block_id, ...button.data };
    }
  }
  throw new Error(`no button ${label}`);
}

/** Asked for by dana in #ops, planned, its card posted; lee opens the Home. */
async function aHome() {
  const changing = aChanging({ config: CONFIG });
  const desk = await aDesk({ world: changing.world });
  await desk.command('enable native-routing prod');
  await expect.poll(() => runsOf(desk), SOON).toHaveLength(1);
  const [id] = (await runsOf(desk)) as [RunId];
  await changing.work(id);
  const deps = { ...changing.world, chat: desk.bot.chat };
  await publish({ ...deps, render: (run, around) => renderRun(run, { ...around, uploads: true }) }, id);
  const lee = desk.user('lee');
  await desk.act('open-home', { user: lee });
  await expect.poll(async () => (await views(desk)).homes[lee], SOON).toBeDefined();
  const home = async () => (await views(desk)).homes[lee];
  const press = async (view: View | undefined, label: string) => {
    const { block_id, action_id, value } = buttonOn(view, label);
    return desk.act('interact', {
      viewId: view?.id,
      user: lee,
      action: { type: 'button', block_id, action_id, value },
    });
  };
  const modal = async () => (await views(desk)).views[lee]?.at(-1);
  return { desk, changing, id, lee, home, press, modal };
}

describe('the App Home in Slack', () => {
  it('takes a vote, answers in a modal, and shows what came of it', async () => {
    const { desk, changing, id, home, press, modal } = await aHome();
    const before = JSON.stringify(await home());
    expect(before).toContain('Waiting for your approval: 1');
    expect(before).toMatch(new RegExp(`<${desk.slack.url}/archives/${desk.ops}/p\\d+\\|thread>`));

    await press(await home(), 'Approve');

    await expect.poll(async () => JSON.stringify(await modal()), SOON).toContain(`Your approval of ${id} counts`);
    expect((await eventsOf(changing.world, id)).at(-1)).toBe('voted');
    await expect.poll(async () => JSON.stringify(await home()), SOON).not.toContain('Waiting for your approval');
  });

  it('goes on in the modal, and says no there as it does in the thread', async () => {
    const { desk, id, lee, home, press, modal } = await aHome();
    await press(await home(), 'Hold');
    await expect.poll(async () => JSON.stringify(await modal()), SOON).toContain(`You hold ${id}`);
    const forged = { type: 'button', action_id: 'cilium-home:0', value: `approve ${id}` };

    await desk.act('interact', { force: true, viewId: (await modal())?.id, user: lee, action: forged });

    await expect.poll(async () => JSON.stringify(await modal()), SOON).toContain('Not counted');
    await press(await modal(), 'Release');
    await expect.poll(async () => JSON.stringify(await modal()), SOON).not.toContain('Not counted');
  });

  it('asks Slack once who is in a group, however many ask at one moment', async () => {
    const { desk, changing } = await aHome();
    const asked = async () => (await desk.calls()).filter((call) => call.includes('usergroups.users.list')).length;
    const before = await asked();
    changing.world.clock.advance(61_000);

    await Promise.all(['dana', 'lee', 'sam', 'kim'].map((who) => desk.command('help', who)));

    expect(await asked()).toBe(before + 1);
  });

  it('has nothing for people of other organisations, and takes nothing from them', async () => {
    const { desk, changing, id } = await aHome();
    const pat = desk.user('pat');
    await desk.act('open-home', { user: pat });
    await expect.poll(async () => (await views(desk)).homes[pat], SOON).toBeDefined();
    const forged = { type: 'button', action_id: 'cilium-home:0', value: `cancel ${id}` };

    await desk.act('interact', { force: true, viewId: (await views(desk)).homes[pat]?.id, user: pat, action: forged });

    await expect
      .poll(async () => JSON.stringify((await views(desk)).homes[pat]), SOON)
      .toContain('another organisation');
    expect(await eventsOf(changing.world, id)).not.toContain('cancel-requested');
  });
});
