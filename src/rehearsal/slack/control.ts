import type { IncomingMessage, ServerResponse } from 'node:http';
import { runCommand } from './acts/command.ts';
import { interact } from './acts/interact.ts';
import { closeModal, submitModal } from './acts/modal.ts';
import { suggestOptions } from './acts/options.ts';
import { openHome, react, say, setMembership } from './acts/talk.ts';
import { type Args, Refusal, refuse, toArgs } from './api/method.ts';
import { verifyRequestUrl } from './deliver/http-mode.ts';
import { parseArgs, readBody, sendJson } from './http-io.ts';
import type { Json } from './json.ts';
import { connectionsOf } from './snapshot.ts';
import type { Switchboards } from './switchboards.ts';
import type { World } from './world.ts';

export type Control = { readonly world: World; readonly switchboards: Switchboards };
type Route = (control: Control, args: Args) => Json | Promise<Json>;

/** @throws Refusal missing_argument, naming all that the endpoint needs */
function need(args: Args, ...names: readonly string[]): void {
  const missing = names.filter((name) => args.text(name) === '');
  if (missing.length > 0) refuse(`${names.join(', ').replace(/, ([^,]*)$/, ' and $1')} are required`, { missing });
}

function state({ world }: Control): Json {
  const { workspace, installation } = world;
  const { app } = workspace;
  return {
    workspace: { teamId: workspace.teamId, name: workspace.name, domain: workspace.domain },
    apps: [{ appId: app.appId, botUserId: app.botUserId, botId: app.botId, name: app.name, mode: installation.mode }],
    users: workspace.people.map((person) => ({ ...person, real_name: person.realName, is_bot: person.isBot })),
    channels: [...workspace.channels.values()].map((channel) => ({
      id: channel.id,
      name: channel.name,
      is_private: channel.kind === 'private',
      is_im: channel.kind === 'im',
      is_ext_shared: channel.isExtShared,
      members: [...channel.members],
    })),
    usergroups: workspace.userGroups,
    sockets: world.sockets.count,
  };
}

const GET: Readonly<Record<string, Route>> = {
  state,
  log: ({ world }) => ({ log: world.journal.entries() }),
  views({ world }) {
    const { stacks, homes } = world.views.all();
    return { views: Object.fromEntries(stacks), homes: Object.fromEntries(homes) };
  },
  faults: async ({ switchboards }) => ({ switchboards: await switchboards.list() }),
};

/** Messages, views, files, log, limits and faults are gone afterwards, people are where they were; connections stay. */
function reset({ world }: Control): Json {
  world.messages.clear();
  world.views.clear();
  world.files.clear();
  world.grants.clear();
  world.limits.clear();
  world.inputs.clear();
  world.journal.clear();
  world.faults.clear();
  for (const { members, firstMembers } of world.workspace.channels.values()) {
    members.clear();
    for (const member of firstMembers) members.add(member);
  }
  world.ui.emit({ type: 'reset' });
  world.page.resync();
  return {};
}

/** Where the bot listens in HTTP mode, checked as the app settings check it. */
async function setRequestUrl({ world }: Control, args: Args): Promise<Json> {
  const url = args.text('url');
  const { signingSecret } = world.workspace.tokens;
  const problem = await verifyRequestUrl(url, signingSecret, world.clock.now());
  if (problem !== undefined) refuse(problem);
  world.installation.requestUrl = url;
  world.ui.emit({ type: 'sockets', sockets: connectionsOf(world) });
  return { url };
}

function socketGoodbye({ world }: Control, args: Args): Json {
  const reason = args.text('reason') || 'refresh_requested';
  if (reason === 'drop') world.sockets.drop();
  else if (reason === 'warning' || reason === 'refresh_requested' || reason === 'link_disabled') {
    world.sockets.refresh(reason);
  } else refuse('no_such_reason');
  return { sockets: world.sockets.count };
}

const POST: Readonly<Record<string, Route>> = {
  message({ world }, args) {
    need(args, 'channel', 'user', 'text');
    return say(world, args);
  },
  interact({ world }, args) {
    need(args, 'user');
    return interact(world, args);
  },
  submit({ world }, args) {
    need(args, 'viewId', 'user');
    return submitModal(world, args);
  },
  'close-view'({ world }, args) {
    need(args, 'viewId', 'user');
    return closeModal(world, args);
  },
  options({ world }, args) {
    need(args, 'user', 'action_id');
    return suggestOptions(world, args);
  },
  'open-home'({ world }, args) {
    need(args, 'user');
    return openHome(world, args);
  },
  reaction({ world }, args) {
    need(args, 'channel', 'ts', 'user', 'name');
    return react(world, args);
  },
  membership({ world }, args) {
    need(args, 'channel', 'user');
    return setMembership(world, args);
  },
  'request-url': setRequestUrl,
  socket: socketGoodbye,
  reset,
  command({ world }, args) {
    need(args, 'channel', 'user', 'command');
    const threadTs = args.text('threadTs') || args.text('thread_ts');
    return runCommand(world, {
      channel: args.text('channel'),
      user: args.text('user'),
      command: args.text('command'),
      text: args.text('text'),
      ...(threadTs === '' ? {} : { threadTs }),
    });
  },
  async faults({ world, switchboards }, args) {
    need(args, 'id', 'value');
    const board = args.text('board') || 'slack';
    if (!(await switchboards.set({ board, id: args.text('id'), value: args.text('value') }))) refuse('no_such_switch');
    const boards = await switchboards.list();
    world.ui.emit({ type: 'switchboards', switchboards: boards });
    return { switchboards: boards };
  },
};

function route(method: string | undefined, name: string): Route | undefined {
  const table = method === 'GET' ? GET : POST;
  if (method === 'GET' && name.startsWith('messages/')) {
    const channel = decodeURIComponent(name.slice('messages/'.length));
    return ({ world }) => ({ messages: world.messages.inChannel(channel) });
  }
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `/_control/*`: what people do, for the page and for tests. */
export async function serveControl(
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const handle = route(request.method, url.pathname.replace(/^\/_control\//, ''));
  if (!handle) return sendJson(response, 404, { ok: false, error: 'no_such_endpoint' });
  // The control API speaks JSON only, whatever a test's client says it sends.
  const parsed = parseArgs('application/json', await readBody(request), url.searchParams);
  if (parsed.type === 'bad') return sendJson(response, 400, { ok: false, error: parsed.error });
  try {
    sendJson(response, 200, { ok: true, ...(await handle(control, toArgs(parsed.args))) });
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    sendJson(response, 400, { ok: false, error: thrown.code, ...thrown.extra });
  }
}
