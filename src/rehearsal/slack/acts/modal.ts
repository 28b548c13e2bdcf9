import { type Args, refuse } from '../api/method.ts';
import { elementsOf } from '../elements.ts';
import { asJson, isJson, type Json } from '../json.ts';
import { clientSideErrors, stateOf, toStateValue } from '../state-values.ts';
import { checkedView, closeView, pushView, updateView, withState } from '../view-making.ts';
import type { StoredView } from '../views.ts';
import type { Person } from '../workspace.ts';
import type { World } from '../world.ts';
import { answeredOr } from './outcome.ts';
import { actor, interactionBase } from './payload.ts';
import { elementOn, enter, enteredOn } from './surface.ts';

/** @throws Refusal user_not_found, view_not_found, not_top_view */
function topModal(world: World, args: Args): { person: Person; view: StoredView } {
  const person = actor(world, args.text('user'));
  const stack = world.views.stack(person.id);
  const view = stack.find((open) => open.id === args.text('viewId'));
  if (!view) refuse('view_not_found');
  if (view !== stack.at(-1)) refuse('not_top_view');
  return { person, view };
}

function enterAll(world: World, view: StoredView, person: Person, values: unknown): void {
  const surface = { type: 'view', view } as const;
  for (const [blockId, actions] of Object.entries(asJson(values))) {
    for (const [actionId, given] of Object.entries(asJson(actions))) {
      const { element } = elementOn(surface, actionId, blockId);
      enter(world, surface, person, { blockId, actionId, value: toStateValue(element, given) });
    }
  }
}

function showErrors(world: World, person: Person, view: StoredView, errors: Record<string, string>): Json {
  world.ui.emit({ type: 'view-errors', user: person.id, viewId: view.id, errors });
  return { response_action: 'errors', errors };
}

/** Errors must name input blocks of the view; Slack shows "We had some trouble connecting" otherwise. */
function appErrors(view: StoredView, given: unknown): Record<string, string> {
  const inputs = new Set(
    elementsOf(view.blocks)
      .filter(({ block }) => block['type'] === 'input')
      .map(({ blockId }) => blockId),
  );
  const entries = Object.entries(asJson(given));
  const fits =
    entries.length > 0 &&
    entries.every(([blockId, text]) => inputs.has(blockId) && typeof text === 'string' && text !== '');
  if (!fits) refuse('invalid_response_errors', { message: 'We had some trouble connecting. Try again?' });
  return Object.fromEntries(entries.map(([blockId, text]) => [blockId, String(text)]));
}

/** What the bot's answer to a submission does to the stack of modals. */
function applyAnswer(world: World, person: Person, view: StoredView, body: unknown): Json {
  const answer = asJson(body);
  const action = answer['response_action'];
  if (action === undefined || action === null) {
    closeView(world, person.id, view);
    return {};
  }
  switch (String(action)) {
    case 'errors':
      return showErrors(world, person, view, appErrors(view, answer['errors']));
    case 'update':
      updateView(world, view, checkedView(answer['view'], 'modal'), '');
      return { response_action: 'update' };
    case 'push':
      pushView(world, person.id, checkedView(answer['view'], 'modal'));
      return { response_action: 'push' };
    case 'clear':
      clearStack(world, person);
      return { response_action: 'clear' };
    default:
      return refuse('invalid_response_action');
  }
}

function clearStack(world: World, person: Person): void {
  for (const open of world.views.stack(person.id)) world.inputs.delete(open.id);
  world.views.setStack(person.id, []);
}

/**
 * Somebody submits the modal on top: Slack's own checks first, then the bot's answer.
 * @throws Refusal view_not_found, not_top_view, no_submit_button, action_not_found, operation_timeout, …
 */
export async function submitModal(world: World, args: Args): Promise<Json> {
  const { person, view } = topModal(world, args);
  if (!isJson(view['submit'])) refuse('no_submit_button');
  enterAll(world, view, person, args.structure('values'));
  const values = stateOf(view.blocks, enteredOn(world, { type: 'view', view }, person));
  const early = args.flag('force', false) ? {} : clientSideErrors(view.blocks, values);
  if (Object.keys(early).length > 0) return showErrors(world, person, view, early);
  const payload = {
    type: 'view_submission',
    ...interactionBase(world, person),
    trigger_id: world.grants.newTrigger(person.id),
    view: withState(world, view),
    response_urls: [],
  };
  const body = answeredOr(await world.courier.ask('interactive', payload, true));
  return applyAnswer(world, person, world.views.find(view.id)?.view ?? view, body);
}

async function tellClosed(world: World, person: Person, view: StoredView, isCleared: boolean): Promise<void> {
  if (view['notify_on_close'] !== true) return;
  const payload = {
    type: 'view_closed',
    ...interactionBase(world, person),
    view: withState(world, view),
    is_cleared: isCleared,
  };
  await world.courier.ask('interactive', payload, false);
}

/**
 * Somebody closes a modal: the one on top, or with `clear` (the cross in the corner) all of them.
 * @throws Refusal view_not_found, not_top_view
 */
export async function closeModal(world: World, args: Args): Promise<Json> {
  const { person, view } = topModal(world, args);
  const isCleared = args.flag('clear', false) || view['clear_on_close'] === true;
  const closing = isCleared ? [...world.views.stack(person.id)].reverse() : [view];
  const told = closing.map((open) => tellClosed(world, person, open, isCleared));
  for (const open of closing) closeView(world, person.id, open);
  await Promise.all(told);
  return {};
}
