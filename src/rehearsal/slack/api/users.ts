import type { Json } from '../json.ts';
import type { Person, UserGroup } from '../workspace.ts';
import type { World } from '../world.ts';
import { personOf } from './channels.ts';
import { type Args, type Call, type Methods, refuse } from './method.ts';
import { paginate } from './page.ts';

/** With users:read.email the address is in the profile, without it is not. */
function toUser(world: World, person: Person): Json {
  const isExternal = person.teamId !== world.workspace.teamId;
  const withEmail = world.installation.scopes.includes('users:read.email') && person.email !== '';
  return {
    id: person.id,
    team_id: person.teamId,
    name: person.name,
    deleted: false,
    real_name: person.realName,
    tz: person.tz,
    tz_label: person.tz,
    tz_offset: 3_600,
    profile: {
      real_name: person.realName,
      display_name: person.name,
      team: person.teamId,
      ...(withEmail ? { email: person.email } : {}),
    },
    is_admin: false,
    is_owner: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_bot: person.isBot,
    is_app_user: false,
    ...(isExternal ? { is_stranger: true } : {}),
    updated: 1_760_000_000,
  };
}

function list({ world, args }: Call): Json {
  const { page, nextCursor } = paginate(world.workspace.people, args, { fallback: 100, max: 1_000 });
  return {
    members: page.map((person) => toUser(world, person)),
    cache_ts: Math.floor(world.clock.now() / 1_000),
    response_metadata: { next_cursor: nextCursor },
  };
}

function info({ world, args }: Call): Json {
  const person = personOf(world, args.text('user'));
  if (!person) refuse('user_not_found');
  return { user: toUser(world, person) };
}

function lookupByEmail({ world, args }: Call): Json {
  const email = args.text('email');
  const person = world.workspace.people.find((candidate) => candidate.email !== '' && candidate.email === email);
  if (!person) refuse('users_not_found');
  return { user: toUser(world, person) };
}

function toUserGroup(world: World, group: UserGroup, args: Args): Json {
  return {
    id: group.id,
    team_id: world.workspace.teamId,
    is_usergroup: true,
    name: group.name,
    handle: group.handle,
    description: '',
    is_external: false,
    date_create: 1_760_000_000,
    date_delete: 0,
    user_count: group.users.length,
    ...(args.flag('include_users', false) ? { users: group.users } : {}),
  };
}

export const userMethods: Methods = {
  'users.list': { scope: 'users:read', tier: 'tier2', run: list },
  'users.info': { scope: 'users:read', tier: 'tier4', run: info },
  'users.lookupByEmail': { scope: 'users:read.email', tier: 'tier3', run: lookupByEmail },
  'usergroups.list': {
    scope: 'usergroups:read',
    tier: 'tier2',
    run: ({ world, args }) => ({
      usergroups: world.workspace.userGroups.map((group) => toUserGroup(world, group, args)),
    }),
  },
  'usergroups.users.list': {
    scope: 'usergroups:read',
    tier: 'tier2',
    run({ world, args }) {
      const id = args.required('usergroup');
      const group = world.workspace.userGroups.find((candidate) => candidate.id === id);
      if (!group) refuse('no_such_subteam');
      return { users: group.users };
    },
  },
};
