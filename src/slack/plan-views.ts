import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { planDiff } from '../app/execute/plan-diff.ts';
import { loadRun } from '../app/record.ts';
import type { SubmitDeps } from '../app/submit.ts';
import { OpsError } from '../core/errors.ts';
import { RunId } from '../core/ids.ts';
import { clustersAt } from '../core/policy/chatops-config.ts';
import { checksView, diffView, loadingView, type PlanView, problemView, type ViewName } from '../render/plan-view.ts';
import { homeTeamsOf } from './home-teams.ts';
import { ActionPayload, actorOf } from './payloads.ts';

const VIEW_ACTION = /^cilium-view:(diff|checks)$/;

type ViewDeps = Pick<SubmitDeps, 'state' | 'config' | 'log'>;

/** "Full diff" and "All checks": a click's trigger lives three seconds, so the modal opens before anything is read. */
export function onPlanView(app: App, deps: ViewDeps): void {
  app.action(VIEW_ACTION, async ({ ack, body, context, client, action }) => {
    await ack();
    const parsed = ActionPayload.safeParse(body);
    if (!parsed.success) return;
    const click = parsed.data;
    const name: ViewName = 'action_id' in action && action.action_id.endsWith(':diff') ? 'diff' : 'checks';
    const by = actorOf(click.user.id, click.user.team_id ?? click.team?.id, homeTeamsOf(context));
    const opened = await client.views.open({ trigger_id: click.trigger_id, view: toSlack(loadingView(name)) });
    const asked = { name, id: /run-[0-9a-z]{6}/.exec(click.actions[0]?.value ?? '')?.[0], channel: click.channel.id };
    const view = by.external
      ? problemView(name, 'People from other organisations cannot use this bot')
      : await viewOf(deps, asked);
    await client.views.update({ view_id: opened.view?.id ?? '', view: toSlack(view) });
  });
}

type Asked = {
  readonly name: ViewName;
  readonly id: string | undefined;
  readonly channel: ActionPayload['channel']['id'];
};

async function viewOf({ state, config, log }: ViewDeps, { name, id, channel }: Asked): Promise<PlanView> {
  try {
    const run = await loadRun(state.runs, RunId.parse(id));
    const here = clustersAt(config(), { type: 'slack', channel, via: 'button' });
    if (!here.some((cluster) => cluster.name === run.request.cluster))
      return problemView(name, 'This run belongs to another channel');
    if (name === 'checks') return checksView(run);
    const diff = await planDiff(state.blobs, run);
    return diff === undefined
      ? problemView(name, 'This plan has no diff, or it is no longer kept')
      : diffView(run, diff);
  } catch (thrown) {
    log.warn({ err: thrown, run: id }, 'plan cannot be shown');
    const why = thrown instanceof OpsError ? thrown.message : 'something the bot did not expect went wrong';
    return problemView(name, `It cannot be shown: ${why}. Try again, or read the file in the thread`);
  }
}

/** Rendered blocks are plain data; Slack's types want mutable ones. */
function toSlack(view: PlanView): ModalView {
  return { ...view, title: { ...view.title }, close: { ...view.close }, blocks: [...view.blocks] } as ModalView;
}
