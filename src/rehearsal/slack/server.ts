import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Control, serveControl } from './control.ts';
import { sendJson, sendText } from './http-io.ts';
import { toSnapshot } from './snapshot.ts';
import { servePage } from './static-page.ts';
import { createSwitchboards } from './switchboards.ts';
import { serveWebApi } from './web-api.ts';
import type { Tokens } from './workspace.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export type RehearsalSlackOptions = WorldOptions & {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** The folder with the built page. */
  readonly pageDir?: string;
  /** `http://127.0.0.1:PORT/_control` of a rehearsal cluster, whose switchboard is shown beside ours. */
  readonly clusterControl?: string;
};

export type RehearsalSlack = {
  readonly url: string;
  readonly apiUrl: string;
  readonly controlUrl: string;
  /** Channel ids by name. */
  readonly channels: Readonly<Record<string, string>>;
  /** User ids by name, the bot's under `cilium`. */
  readonly users: Readonly<Record<string, string>>;
  readonly tokens: Tokens;
  readonly close: () => Promise<void>;
};

type Site = Control & { readonly pageDir: string | undefined };

async function serve(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (pathname.startsWith('/api/')) return serveWebApi(site.world, request, response);
  if (pathname.startsWith('/_control/')) return serveControl(site, request, response);
  if (pathname === '/_ui/events') {
    return site.world.ui.attach(response, toSnapshot(site.world, await site.switchboards.list()));
  }
  if (request.method !== 'GET') return sendText(response, 404, 'not found');
  return servePage(site.pageDir, pathname, response);
}

function answerFailure(world: World, response: ServerResponse, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  world.journal.add({ direction: 'internal', kind: 'bug', summary: error.message, detail: { stack: error.stack } });
  if (response.headersSent) response.destroy();
  else sendJson(response, 500, { ok: false, error: 'internal_error' });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Never on another address: control API and page have no password.
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function byName(entries: Iterable<{ name: string; id: string }>): Record<string, string> {
  return Object.fromEntries([...entries].map(({ name, id }) => [name, id]));
}

/** Puts a fault that acts by itself, not on a call, into effect. */
function applyFault(world: World): void {
  if (world.faults.value('sockets') === 'drop') world.sockets.drop();
}

/** Starts the strict local Slack on 127.0.0.1. */
export async function startRehearsalSlack(options: RehearsalSlackOptions = {}): Promise<RehearsalSlack> {
  const world = createWorld(options, applyFault);
  const site: Site = {
    world,
    switchboards: createSwitchboards(world, options.clusterControl),
    pageDir: options.pageDir,
  };
  const server = createServer((request, response) => {
    serve(site, request, response).catch((thrown: unknown) => answerFailure(world, response, thrown));
  });
  server.on('upgrade', (request, socket, head) => world.sockets.upgrade(request, socket, head));
  const port = await listen(server, options.port ?? 0);
  world.origin.url = `http://127.0.0.1:${port}`;
  return {
    url: world.origin.url,
    apiUrl: `${world.origin.url}/api/`,
    controlUrl: `${world.origin.url}/_control`,
    channels: byName(world.workspace.channels.values()),
    users: byName(world.workspace.people),
    tokens: world.workspace.tokens,
    close() {
      world.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
