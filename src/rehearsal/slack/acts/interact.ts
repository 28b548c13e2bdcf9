import { type Args, refuse } from '../api/method.ts';
import type { Found } from '../elements.ts';
import { asJson, asList, asText, isJson, type Json } from '../json.ts';
import { optionsOf, toStateValue, valueField } from '../state-values.ts';
import type { Person } from '../workspace.ts';
import type { World } from '../world.ts';
import { answeredOr } from './outcome.ts';
import { actor, interactionBase } from './payload.ts';
import { elementOn, enter, type Surface, type SurfaceAddress, surfaceOf, surfacePayload } from './surface.ts';

export function addressOf(args: Args): SurfaceAddress {
  return {
    viewId: args.text('viewId'),
    channel: args.text('channel'),
    messageTs: args.text('messageTs') || args.text('message_ts'),
  };
}

function sameOption(element: Json, given: unknown): boolean {
  return optionsOf(element).some((option) => option['value'] === asJson(given)['value']);
}

/** What was pressed must be what is there: nobody can press a button with another value in Slack. */
function refuseForgery({ element }: Found, action: Json): void {
  if (action['type'] !== undefined && action['type'] !== element['type']) refuse('action_type_mismatch');
  const isButton = element['type'] === 'button' || element['type'] === 'icon_button';
  if (isButton && action['value'] !== undefined && action['value'] !== element['value']) refuse('value_mismatch');
  if (optionsOf(element).length === 0) return;
  const picked = [...asList(action['selected_options']), action['selected_option']].filter(isJson);
  if (picked.some((option) => !sameOption(element, option))) refuse('option_not_found');
}

/** The fields of the element that Slack repeats in the action. */
function echoed(element: Json): Json {
  const names = ['text', 'value', 'style', 'url', 'placeholder', 'accessibility_label'];
  return Object.fromEntries(names.filter((name) => element[name] !== undefined).map((name) => [name, element[name]]));
}

function chosen(element: Json, action: Json): Json {
  const field = valueField(element['type']);
  if (field !== undefined) return asJson(toStateValue(element, action[field] ?? action['value'] ?? null));
  if (element['type'] !== 'overflow') return {};
  const option = optionsOf(element).find(
    (candidate) => candidate['value'] === asJson(action['selected_option'])['value'],
  );
  if (!option) refuse('option_not_found');
  return { selected_option: option };
}

function toAction(world: World, { blockId, element }: Found, action: Json): Json {
  return {
    ...echoed(element),
    ...chosen(element, action),
    action_id: element['action_id'],
    block_id: blockId,
    type: element['type'],
    action_ts: world.clock.nextTs(),
  };
}

/** Input blocks tell the app only with dispatch_action; anything else is kept until the view is submitted. */
function isDispatched({ block }: Found): boolean {
  return block['type'] !== 'input' || block['dispatch_action'] === true;
}

/** Whatever else is entered at that moment, which the page knows and a click does not carry. */
function enterOthers(world: World, surface: Surface, person: Person, values: unknown): void {
  for (const [blockId, actions] of Object.entries(asJson(values))) {
    for (const [actionId, given] of Object.entries(asJson(actions))) {
      const found = elementOn(surface, actionId, blockId);
      enter(world, surface, person, { blockId, actionId, value: toStateValue(found.element, given) });
    }
  }
}

function responsePart(world: World, surface: Surface, person: Person): Json {
  if (surface.type === 'view') return {};
  const { channel, ts, thread_ts: threadTs } = surface.message;
  const grant = { user: person.id, channel, source: { ts }, ...(threadTs === undefined ? {} : { threadTs }) };
  return { response_url: `${world.origin.url}${world.grants.newResponsePath('actions', grant)}` };
}

async function send(world: World, person: Person, parts: Json): Promise<Json> {
  const payload = {
    type: 'block_actions',
    ...interactionBase(world, person),
    trigger_id: world.grants.newTrigger(person.id),
    ...parts,
  };
  answeredOr(await world.courier.ask('interactive', payload, false));
  return { acked: true };
}

/**
 * Somebody presses a button or picks an option: checked against what is really there.
 * @throws Refusal user_not_found, action_not_found, value_mismatch, …, operation_timeout, dispatch_failed
 */
export async function interact(world: World, args: Args): Promise<Json> {
  if (args.flag('force', false)) return forge(world, args);
  const person = actor(world, args.text('user'));
  const surface = surfaceOf(world, addressOf(args), person);
  const action = asJson(args.structure('action'));
  const found = elementOn(surface, asText(action['action_id']), asText(action['block_id']));
  refuseForgery(found, action);
  enterOthers(world, surface, person, args.structure('values'));
  const sent = toAction(world, found, action);
  const field = valueField(found.element['type']);
  if (field !== undefined) {
    const value = { type: found.element['type'], [field]: sent[field] };
    enter(world, surface, person, { blockId: found.blockId, actionId: String(sent['action_id']), value });
  }
  if (!isDispatched(found)) return { acked: false, dispatched: false };
  const where = { ...surfacePayload(world, surface, person), ...responsePart(world, surface, person) };
  return send(world, person, { ...where, actions: [sent] });
}

/** A payload as an attacker would make it up: nothing is checked, whatever is really there is used. */
function forge(world: World, args: Args): Promise<Json> {
  const userId = args.text('user');
  const known = world.workspace.people.find((candidate) => candidate.id === userId);
  const person = known ?? {
    id: userId,
    name: userId,
    realName: userId,
    email: '',
    teamId: args.text('teamId') || 'T0UNKNOWN01',
    tz: 'Etc/UTC',
    isBot: false,
  };
  const { channel, messageTs, viewId } = addressOf(args);
  const message = world.messages.find(channel, messageTs);
  const view = world.views.find(viewId)?.view;
  const surface: Surface | undefined = view ? { type: 'view', view } : message && { type: 'message', message };
  const where = surface
    ? { ...surfacePayload(world, surface, person), ...responsePart(world, surface, person) }
    : {
        container: { type: 'message', message_ts: messageTs, channel_id: channel },
        channel: { id: channel, name: '' },
      };
  const action = {
    type: 'button',
    block_id: 'forged',
    ...asJson(args.structure('action')),
    action_ts: world.clock.nextTs(),
  };
  return send(world, person, { ...where, actions: [action] });
}
