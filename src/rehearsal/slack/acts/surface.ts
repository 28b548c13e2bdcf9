import { toApiMessage } from '../api/chat.ts';
import { refuse } from '../api/method.ts';
import { elementsOf, type Found } from '../elements.ts';
import type { Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import { type StateValues, stateOf } from '../state-values.ts';
import { withState } from '../view-making.ts';
import type { StoredView } from '../views.ts';
import type { Person } from '../workspace.ts';
import type { World } from '../world.ts';
import { channelName, channelOf } from './payload.ts';

/** Where somebody presses or picks something: a message, or a modal or Home of theirs. */
export type Surface =
  | { readonly type: 'message'; readonly message: StoredMessage }
  | { readonly type: 'view'; readonly view: StoredView };

export type SurfaceAddress = { readonly viewId: string; readonly channel: string; readonly messageTs: string };

function messageOf(world: World, address: SurfaceAddress, person: Person): StoredMessage {
  const channel = channelOf(world, address.channel);
  const message = world.messages.find(channel.id, address.messageTs);
  if (!message) refuse('message_not_found');
  const sees = message.ephemeral_to === undefined || message.ephemeral_to === person.id;
  const mayEnter = channel.kind === 'public' || channel.members.has(person.id);
  if (!sees || !mayEnter) refuse('not_visible_to_user');
  return message;
}

/** @throws Refusal view_not_found, channel_not_found, message_not_found, not_visible_to_user */
export function surfaceOf(world: World, address: SurfaceAddress, person: Person): Surface {
  if (address.viewId === '') return { type: 'message', message: messageOf(world, address, person) };
  const open = world.views.find(address.viewId);
  if (!open || open.user !== person.id) refuse('view_not_found');
  return { type: 'view', view: open.view };
}

function blocksOf(surface: Surface): readonly Json[] {
  return surface.type === 'view' ? surface.view.blocks : (surface.message.blocks ?? []);
}

/** Entered values are per view, and per person and message. */
function inputsKey(surface: Surface, person: Person): string {
  return surface.type === 'view' ? surface.view.id : `${surface.message.channel}:${surface.message.ts}:${person.id}`;
}

export function enteredOn(world: World, surface: Surface, person: Person): StateValues {
  return world.inputs.get(inputsKey(surface, person)) ?? {};
}

export function enter(
  world: World,
  surface: Surface,
  person: Person,
  at: { blockId: string; actionId: string; value: unknown },
): void {
  const entered = enteredOn(world, surface, person);
  const block = { ...entered[at.blockId], [at.actionId]: at.value };
  world.inputs.set(inputsKey(surface, person), { ...entered, [at.blockId]: block });
}

/**
 * The element with these ids; without a block_id the action_id must be the only one of its name.
 * @throws Refusal action_not_found, block_id_required
 */
export function elementOn(surface: Surface, actionId: string, blockId: string): Found {
  const found = elementsOf(blocksOf(surface)).filter(
    (candidate) => candidate.element['action_id'] === actionId && (blockId === '' || candidate.blockId === blockId),
  );
  const [first, second] = found;
  if (!first) refuse('action_not_found');
  if (second) refuse('block_id_required');
  return first;
}

/** The part of an interaction's payload that says where it happened. */
export function surfacePayload(world: World, surface: Surface, person: Person): Json {
  if (surface.type === 'view') {
    return { container: { type: 'view', view_id: surface.view.id }, view: withState(world, surface.view) };
  }
  const { message } = surface;
  const channel = channelOf(world, message.channel);
  const isEphemeral = message.ephemeral_to !== undefined;
  const thread = message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts };
  return {
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: isEphemeral,
      ...thread,
    },
    channel: { id: channel.id, name: channelName(channel) },
    // An ephemeral message is not sent back, only where it was.
    ...(isEphemeral ? {} : { message: toApiMessage(message, true) }),
    state: { values: stateOf(message.blocks ?? [], enteredOn(world, surface, person)) },
  };
}
