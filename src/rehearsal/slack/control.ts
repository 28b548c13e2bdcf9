import type { IncomingMessage, ServerResponse } from 'node:http';
import { runCommand } from './acts/command.ts';
import { type Args, Refusal, refuse, toArgs } from './api/method.ts';
import { parseArgs, readBody, sendJson } from './http-io.ts';
import type { Json } from './json.ts';
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
    sockets: world.sockets.count(),
  };
}

const GET: Readonly<Record<string, Route>> = {
  state,
  log: ({ world }) => ({ log: world.journal.entries() }),
  faults: async ({ switchboards }) => ({ switchboards: await switchboards.list() }),
};

const POST: Readonly<Record<string, Route>> = {
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
  const parsed = await parseArgs('application/json', await readBody(request), url.searchParams);
  if (parsed.type === 'bad') return sendJson(response, 400, { ok: false, error: parsed.error });
  try {
    sendJson(response, 200, { ok: true, ...(await handle(control, toArgs(parsed.args))) });
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    sendJson(response, 400, { ok: false, error: thrown.code, ...thrown.extra });
  }
}
