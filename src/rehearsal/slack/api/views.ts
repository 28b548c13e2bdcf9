import type { Json } from '../json.ts';
import { makeView, pushView, STACK_MAX, updateView, viewAnswer, viewArgument } from '../view-making.ts';
import type { StoredView } from '../views.ts';
import type { World } from '../world.ts';
import { personOf } from './channels.ts';
import { type Args, type Call, type Methods, refuse, refuseArguments } from './method.ts';

/** The user whose trigger this is; a trigger works once and for three seconds. */
function triggeredBy(world: World, args: Args): string {
  const id = args.text('trigger_id') || args.text('interactivity_pointer');
  if (id === '') refuseArguments('missing required field: trigger_id');
  const grant = world.grants.spendTrigger(id);
  if (typeof grant === 'string') refuse(grant);
  return grant.user;
}

function open({ world, args }: Call): Json {
  const spec = viewArgument(args, 'modal');
  const user = triggeredBy(world, args);
  refuseTakenExternalId(world, spec);
  const view = makeView(world, spec);
  world.views.setStack(user, [view]);
  return viewAnswer(view);
}

function push({ world, args }: Call): Json {
  const spec = viewArgument(args, 'modal');
  const user = triggeredBy(world, args);
  if (world.views.stack(user).length >= STACK_MAX) refuse('push_limit_reached');
  refuseTakenExternalId(world, spec);
  return viewAnswer(pushView(world, user, spec));
}

function refuseTakenExternalId(world: World, spec: Json): void {
  const externalId = spec['external_id'];
  if (typeof externalId === 'string' && externalId !== '' && world.views.findByExternalId(externalId)) {
    refuse('duplicate_external_id');
  }
}

function target(world: World, args: Args): StoredView {
  const byId = world.views.find(args.text('view_id'))?.view;
  const externalId = args.text('external_id');
  const view = byId ?? (externalId === '' ? undefined : world.views.findByExternalId(externalId));
  if (!view) refuse('not_found');
  return view;
}

function update({ world, args }: Call): Json {
  if (!args.has('view_id') && !args.has('external_id')) refuseArguments('missing required field: view_id');
  const old = target(world, args);
  return viewAnswer(updateView(world, old, viewArgument(args, old.type), args.text('hash')));
}

function publish({ world, args }: Call): Json {
  const user = personOf(world, args.required('user_id'));
  if (!user || user.isBot) refuse('user_not_found');
  const spec = viewArgument(args, 'home');
  const old = world.views.home(user.id);
  const hash = args.text('hash');
  if (old && hash !== '' && hash !== old.hash) refuse('hash_conflict');
  const view = makeView(world, spec, old);
  world.views.setHome(user.id, view);
  return viewAnswer(view);
}

export const viewMethods: Methods = {
  'views.open': { scope: null, tier: 'tier4', run: open },
  'views.push': { scope: null, tier: 'tier4', run: push },
  'views.update': { scope: null, tier: 'tier4', run: update },
  'views.publish': { scope: null, tier: 'tier4', run: publish },
};
