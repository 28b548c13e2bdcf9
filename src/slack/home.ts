import type { App } from '@slack/bolt';
import type { HomeView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { createHomePage } from '../app/home/home.ts';
import { clickOnHome } from '../app/home/home-click.ts';
import type { SubmitDeps } from '../app/submit.ts';
import type { Actor } from '../core/actor.ts';
import { toOpsError } from '../core/errors.ts';
import { UserId } from '../core/ids.ts';
import { type HomeViewBlocks, renderHome, renderHomeNotice } from '../render/home.ts';
import { replyView, waitingReply } from '../render/home-reply.ts';
import { homeTeamsOf } from './home-teams.ts';
import { actorOf } from './payloads.ts';

const HOME_ACTION = /^cilium-home:\d+$/;

const Opened = z.object({ user: UserId, tab: z.literal('home') });
const Click = z.object({
  trigger_id: z.string(),
  user: z.object({ id: UserId, team_id: z.string().optional() }),
  team: z.object({ id: z.string() }).nullish(),
  view: z.object({ id: z.string(), type: z.enum(['home', 'modal']) }),
  actions: z.array(z.object({ value: z.string().optional() })).min(1),
});

/** The App Home: published when it is opened and after each click on it, from what is in the store then. */
export function onHome(app: App, deps: SubmitDeps, root: () => string): void {
  const page = createHomePage(deps);

  async function publish(client: WebClient, by: Actor): Promise<void> {
    await client.views.publish({ user_id: by.user, view: toSlack(await viewFor(by)) });
  }

  async function viewFor(by: Actor): Promise<HomeViewBlocks> {
    if (by.external) return renderHomeNotice('This bot is used by the people of another organisation.');
    try {
      return renderHome(await page.read(by), root());
    } catch (thrown) {
      deps.log.warn({ err: thrown }, 'home cannot be read');
      return renderHomeNotice(`This page cannot be shown: ${toOpsError(thrown).message}. Open it again in a moment.`);
    }
  }

  app.event('app_home_opened', async ({ payload, body, context, client }) => {
    const opened = Opened.safeParse(payload);
    if (!opened.success) return;
    await publish(client, actorOf(opened.data.user, body.team_id, homeTeamsOf(context)));
  });

  // The vote counts all the same, and the Home shows it.
  const late = (thrown: unknown): undefined => void deps.log.warn({ err: thrown }, 'answer to a Home not shown');

  app.action(HOME_ACTION, async ({ ack, body, context, client }) => {
    await ack();
    const parsed = Click.safeParse(body);
    if (!parsed.success) return;
    const { user, team, view, actions, trigger_id } = parsed.data;
    const by = actorOf(user.id, user.team_id ?? team?.id, homeTeamsOf(context));
    const modal = view.type === 'modal' ? view.id : await open(client, trigger_id).catch(late);
    const line = actions[0]?.value ?? '';
    const reply = await clickOnHome(deps, page, { line, root: root(), by, requestKey: `home:${trigger_id}` });
    if (modal !== undefined) await client.views.update({ view_id: modal, view: replyView(reply, root()) });
    await publish(client, by);
  });
}

async function open(client: WebClient, triggerId: string): Promise<string | undefined> {
  const opened = await client.views.open({ trigger_id: triggerId, view: waitingReply() });
  return opened.view?.id;
}

/** Rendered blocks are plain data; Slack's types want mutable ones. */
function toSlack({ type, blocks }: HomeViewBlocks): HomeView {
  return { type, blocks: [...blocks] };
}
