import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { type KnownNodes, knownNodes, nodesLike } from '../app/known-nodes.ts';
import { type SubmitDeps, submit } from '../app/submit.ts';
import type { Actor } from '../core/actor.ts';
import { SECOND_MS } from '../core/clock.ts';
import type { CommandForm } from '../core/grammar/command-form.ts';
import { type Asked, type Entered, fieldOf, formAsked, formLine } from '../core/grammar/form-line.ts';
import { type ChannelId, ClusterName } from '../core/ids.ts';
import type { Job } from '../core/job.ts';
import { clustersAt } from '../core/policy/chatops-config.ts';
import { formReply } from '../core/replies/replies.ts';
import type { Reply } from '../core/replies/reply.ts';
import {
  blockIdOf,
  CLUSTER_ACTION,
  CLUSTER_BLOCK,
  type FormView,
  formView,
  NODE_ACTION,
  nodeOptions,
  refusedView,
} from '../render/form-view.ts';
import { enteredIn, FormPayload, type FormPlace } from './form-payloads.ts';
import { type HomeTeams, homeTeamsOf } from './home-teams.ts';
import { actorOf } from './payloads.ts';
import { startRun } from './start-run.ts';

const CALLBACK = 'cilium-form';
/** A trigger works once, and no longer than this. */
const TRIGGER_MS = 3 * SECOND_MS;
/** Of these three seconds; a form whose nodes have to be typed is better than none. */
const STORE_LIMIT_MS = 500;

type Place = { readonly line: string; readonly by: Actor; readonly channel: ChannelId };

/** The form of a line that names a command alone. None for people and places that could do nothing with it. */
export function formHere(deps: SubmitDeps, { line, by, channel }: Place): FormHere | undefined {
  const asked = formAsked(line, deps.jobs);
  const clusters = clustersHere(deps, channel);
  if (asked === undefined || by.external || clusters.length === 0) return undefined;
  return { ...asked, channel, clusters };
}

type FormHere = Asked<Job> & { readonly channel: ChannelId; readonly clusters: readonly ClusterName[] };

/** What is said where nothing may be opened: a mention has no trigger. */
export function formOffer(here: FormHere, problem?: string): Reply {
  return formReply(here, here.clusters, problem);
}

type Trigger = {
  readonly client: WebClient;
  readonly triggerId: string;
  readonly responseUrl: string | undefined;
  /** To the person alone. */
  readonly tell: (reply: Reply) => Promise<unknown>;
};

/** After the ack. The person hears of it when Slack does not take the form. */
export async function openForm(deps: SubmitDeps, here: FormHere, trigger: Trigger): Promise<void> {
  const { client, triggerId, responseUrl, tell } = trigger;
  const [only, ...others] = here.clusters;
  const cluster = others.length === 0 ? only : undefined;
  const place = { command: here.card.name, channel: here.channel, responseUrl, cluster };
  try {
    const view = toSlack(await viewOf(deps, here.form, place));
    const late = sleep(TRIGGER_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('too late')));
    // The client goes on trying for longer than its trigger lives.
    await Promise.race([client.views.open({ trigger_id: triggerId, view }), late]);
  } catch (thrown) {
    // A click on a button is another trigger.
    deps.log.warn({ err: thrown, command: here.card.name }, 'a form could not be opened');
    await tell(formOffer(here, 'Slack did not open the form: try once more'));
  }
}

/** The three things that come of an open form: another cluster, a question for nodes, and the end. */
export function onForms(app: App, deps: SubmitDeps, root: () => string): void {
  onCluster(app, deps);
  onNodes(app, deps);
  onSubmit(app, deps, root);
}

function onCluster(app: App, deps: SubmitDeps): void {
  app.action(CLUSTER_ACTION, async ({ ack, body, client }) => {
    await ack();
    const opened = openedForm(deps, body);
    if (opened === undefined) return;
    const { payload, place, form } = opened;
    const cluster = chosenCluster(payload);
    const view = await viewOf(deps, form, { ...place, cluster });
    await client.views.update({ view_id: payload.view.id, view: toSlack(view) });
  });
}

function onNodes(app: App, deps: SubmitDeps): void {
  app.options(NODE_ACTION, async ({ ack, body, context }) => {
    const opened = openedForm(deps, body);
    const nodes =
      opened && !actor(opened.payload, homeTeamsOf(context)).external && (await nodesOf(deps, opened.place));
    await ack({ options: nodes ? nodeOptions(nodesLike(nodes, body.value)) : [] });
  });
}

function onSubmit(app: App, deps: SubmitDeps, root: () => string): void {
  app.view(CALLBACK, async ({ ack, body, context }) => {
    const opened = openedForm(deps, body);
    if (opened === undefined) return ack();
    const { payload, place, job, form } = opened;
    const cluster = chosenCluster(payload) ?? place.cluster;
    if (cluster !== place.cluster)
      return ack({ response_action: 'errors', errors: { [CLUSTER_BLOCK]: 'Its nodes are on their way: try again' } });
    const submitted = await submit(deps, {
      line: formLine(job, form, cluster ?? '', enteredBy(payload, form, cluster)),
      root: root(),
      by: actor(payload, homeTeamsOf(context)),
      // A form is the longest of buttons: what it holds is a typed line.
      origin: { type: 'slack', channel: place.channel, via: 'button' },
      requestKey: `form:${payload.view.id}`,
    });
    if (submitted.type === 'reply') return ack(refusal(submitted.reply, form, cluster));
    await ack();
    await startRun(deps, submitted, place.responseUrl);
  });
}

/** Beside the field where it was entered, or else on top of the form, which keeps what was entered. */
function refusal(reply: Reply, form: CommandForm, cluster: string | undefined) {
  const field = reply.wrong && fieldOf(form, reply.wrong.argument);
  if (reply.wrong !== undefined && field !== undefined) {
    const [first = '', ...rest] = reply.wrong.problem;
    const errors = { [blockIdOf(field, cluster)]: `${first.toUpperCase()}${rest.join('')}` };
    return { response_action: 'errors' as const, errors };
  }
  return { response_action: 'push' as const, view: toSlack(refusedView(reply)) };
}

function openedForm({ jobs, log }: SubmitDeps, body: unknown) {
  const parsed = FormPayload.safeParse(body);
  const place = parsed.data?.view.private_metadata;
  const job = jobs.find(({ name, form }) => name === place?.command && form !== undefined);
  if (parsed.success && place !== undefined && job?.form !== undefined)
    return { payload: parsed.data, place, job, form: job.form };
  log.warn({ err: parsed.error }, 'a form that this bot does not know');
  return undefined;
}

function actor({ user, team }: FormPayload, home: HomeTeams | undefined): Actor {
  return actorOf(user.id, user.team_id ?? team?.id, home);
}

function chosenCluster(payload: FormPayload): ClusterName | undefined {
  return ClusterName.optional().catch(undefined).parse(enteredIn(payload, CLUSTER_BLOCK));
}

function enteredBy(payload: FormPayload, form: CommandForm, cluster: string | undefined): Entered {
  return Object.fromEntries(
    form.fields.map((field) => [field.argument, enteredIn(payload, blockIdOf(field, cluster))]),
  );
}

function clustersHere({ config }: SubmitDeps, channel: ChannelId): readonly ClusterName[] {
  return clustersAt(config(), { type: 'slack', channel, via: 'button' }).map(({ name }) => name);
}

async function viewOf(deps: SubmitDeps, form: CommandForm, place: FormPlace): Promise<FormView> {
  const nodes = await nodesOf(deps, place);
  return formView({
    form,
    callbackId: CALLBACK,
    metadata: JSON.stringify(place),
    clusters: clustersHere(deps, place.channel),
    cluster: place.cluster,
    nodes: nodes && { count: nodes.nodes.length, asOf: nodes.asOf },
  });
}

/** Nothing about clusters that belong to other channels; nothing where the store does not answer in time. */
async function nodesOf(deps: SubmitDeps, { channel, cluster }: FormPlace): Promise<KnownNodes | undefined> {
  if (cluster === undefined || !clustersHere(deps, channel).includes(cluster)) return undefined;
  try {
    const late = sleep(STORE_LIMIT_MS, undefined, { ref: false });
    return await Promise.race([knownNodes(deps.state.blobs, cluster), late]);
  } catch (thrown) {
    deps.log.warn({ err: thrown, cluster }, 'nodes are not known');
    return undefined;
  }
}

/** Rendered views are plain data; Slack's types want mutable ones. */
function toSlack(view: FormView | ReturnType<typeof refusedView>): ModalView {
  return { ...view, blocks: [...view.blocks] } as ModalView;
}
