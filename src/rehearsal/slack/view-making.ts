import { type Args, refuse } from './api/method.ts';
import { validateView } from './blocks/view.ts';
import { withIds } from './elements.ts';
import { newId, newSecret } from './ids.ts';
import { asJson, asList, isJson, type Json } from './json.ts';
import { stateOf } from './state-values.ts';
import type { StoredView } from './views.ts';
import type { World } from './world.ts';

export const STACK_MAX = 3;

/**
 * A view as the app described it.
 * @throws Refusal invalid_arguments with `response_metadata.messages`
 */
export function checkedView(given: unknown, type: 'modal' | 'home'): Json {
  if (!isJson(given))
    refuse('invalid_arguments', { response_metadata: { messages: ['[ERROR] missing required field: view'] } });
  const problems = validateView(given, type);
  if (problems.length > 0) {
    refuse('invalid_arguments', { response_metadata: { messages: problems.map((problem) => `[ERROR] ${problem}`) } });
  }
  return given;
}

export function viewArgument(args: Args, type: 'modal' | 'home'): Json {
  return checkedView(args.structure('view'), type);
}

/** What Slack puts where the app said nothing. */
const VIEW_DEFAULTS: Json = {
  title: { type: 'plain_text', text: 'View Title', emoji: true },
  submit: null,
  close: null,
  callback_id: '',
  external_id: '',
  private_metadata: '',
  clear_on_close: false,
  notify_on_close: false,
  submit_disabled: false,
};

/** The view as Slack stores it; `old` is the version it replaces. */
export function makeView(world: World, spec: Json, old?: StoredView): StoredView {
  const { workspace } = world;
  const id = old?.id ?? newId('V');
  const blocks = withIds(asList(spec['blocks']).filter(isJson));
  return {
    ...VIEW_DEFAULTS,
    ...Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined && value !== null)),
    team_id: workspace.teamId,
    app_id: workspace.app.appId,
    app_installed_team_id: workspace.teamId,
    bot_id: workspace.app.botId,
    previous_view_id: old?.['previous_view_id'] ?? null,
    root_view_id: old?.['root_view_id'] ?? id,
    id,
    type: spec['type'] === 'modal' ? 'modal' : 'home',
    blocks,
    hash: `${Math.floor(world.clock.now() / 1_000)}.${newSecret(4)}`,
    state: { values: stateOf(blocks, world.inputs.get(id) ?? {}) },
  };
}

/** The view with what has been entered by now. */
export function withState(world: World, view: StoredView): StoredView {
  return { ...view, state: { values: stateOf(view.blocks, world.inputs.get(view.id) ?? {}) } };
}

/** @throws Refusal push_limit_reached */
export function pushView(world: World, user: string, spec: Json): StoredView {
  const stack = world.views.stack(user);
  if (stack.length >= STACK_MAX) refuse('push_limit_reached');
  const below = stack.at(-1);
  const made = makeView(world, spec);
  const view = { ...made, previous_view_id: below?.id ?? null, root_view_id: stack[0]?.id ?? made.id };
  world.views.setStack(user, [...stack, view]);
  return view;
}

/** @throws Refusal hash_conflict */
export function updateView(world: World, old: StoredView, spec: Json, hash: string): StoredView {
  if (hash !== '' && hash !== old.hash) refuse('hash_conflict');
  const view = makeView(world, spec, old);
  world.views.replace(view);
  return view;
}

export function closeView(world: World, user: string, view: StoredView): void {
  world.inputs.delete(view.id);
  world.views.setStack(
    user,
    world.views.stack(user).filter((open) => open.id !== view.id),
  );
}

/** What the API answers: a copy, so that nothing later changes it. */
export function viewAnswer(view: StoredView): Json {
  return { view: asJson(structuredClone(view)) };
}
