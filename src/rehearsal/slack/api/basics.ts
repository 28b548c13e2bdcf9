import { validateBlocks } from '../blocks/validate.ts';
import type { Json } from '../json.ts';
import type { World } from '../world.ts';
import { type Methods, refuse, refuseArguments } from './method.ts';

function authTest(world: World): Json {
  const { workspace } = world;
  return {
    url: `${world.origin.url}/`,
    team: workspace.name,
    user: workspace.app.name,
    team_id: workspace.teamId,
    user_id: workspace.app.botUserId,
    bot_id: workspace.app.botId,
    is_enterprise_install: false,
  };
}

function openConnection(world: World): Json {
  if (world.installation.mode !== 'socket') refuse('not_allowed_token_type');
  if (world.faults.value('sockets') === 'drop') refuse('internal_error');
  const ticket = world.sockets.openTicket();
  if (ticket === undefined) refuse('too_many_websockets');
  return { url: `${world.origin.url.replace(/^http/, 'ws')}${ticket}` };
}

function teamInfo({ teamId, name, domain }: World['workspace']): Json {
  return { team: { id: teamId, name, domain, email_domain: 'rehearsal.example', icon: {}, is_verified: false } };
}

export const basicMethods: Methods = {
  'api.test': {
    scope: null,
    tier: 'none',
    token: 'none',
    run: ({ args }) => (args.has('error') ? refuse(args.text('error'), { args: args.raw }) : { args: args.raw }),
  },
  'auth.test': { scope: null, tier: 'none', run: ({ world }) => authTest(world) },
  'auth.teams.list': {
    scope: null,
    tier: 'tier2',
    run: ({ world: { workspace } }) => ({
      teams: [{ id: workspace.teamId, name: workspace.name }],
      response_metadata: { next_cursor: '' },
    }),
  },
  'apps.connections.open': {
    scope: 'connections:write',
    tier: 'tier3',
    token: 'app',
    run: ({ world }) => openConnection(world),
  },
  'team.info': { scope: 'team:read', tier: 'tier3', run: ({ world }) => teamInfo(world.workspace) },
  'bots.info': {
    scope: 'users:read',
    tier: 'tier3',
    run({ world, args }) {
      const { app } = world.workspace;
      if (args.text('bot') !== app.botId) refuse('bot_not_found');
      return { bot: { id: app.botId, deleted: false, name: app.name, app_id: app.appId, user_id: app.botUserId } };
    },
  },
  'emoji.list': {
    scope: 'emoji:read',
    tier: 'tier2',
    run: ({ world }) => ({ emoji: {}, cache_ts: world.clock.nextTs() }),
  },
  'blocks.validate': {
    scope: null,
    tier: 'none',
    token: 'none',
    run({ args }) {
      const blocks = args.structure('blocks');
      if (!Array.isArray(blocks)) refuse('invalid_blocks_format');
      const surface = args.text('surface') || 'message';
      if (surface !== 'message' && surface !== 'modal' && surface !== 'home') refuseArguments('unknown surface');
      const messages = validateBlocks(blocks, surface).map((problem) => `[ERROR] ${problem}`);
      if (messages.length > 0) refuse('invalid_blocks', { errors: messages, response_metadata: { messages } });
      return {};
    },
  },
};
