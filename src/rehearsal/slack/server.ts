import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Control, serveControl } from './control.ts';
import { servePrivateFile, serveUiFile, serveUpload } from './file-routes.ts';
import { sendJson, sendText } from './http-io.ts';
import { takenByOutage } from './outage.ts';
import { isResponsePath, serveResponseUrl } from './response-url.ts';
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

/** What the bot calls, and people do not: this is what an outage of Slack takes away. */
function isForBot(path: string): boolean {
  return path.startsWith('/api/') || path.startsWith('/upload/v1/') || isResponsePath(path);
}

async function serve(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world } = site;
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (pathname.startsWith('/_control/')) return serveControl(site, request, response);
  if (isForBot(pathname) && (await takenByOutage(world, request, response))) return;
  if (pathname.startsWith('/api/')) return serveWebApi(world, request, response);
  if (pathname.startsWith('/upload/v1/')) return serveUpload(world, request, response);
  if (isResponsePath(pathname)) return serveResponseUrl(world, request, response);
  if (request.method !== 'GET') return sendText(response, 404, 'not found');
  if (pathname === '/_ui/events') return world.ui.attach(response, toSnapshot(world, await site.switchboards.list()));
  if (pathname.startsWith('/_ui/files/')) return serveUiFile(world, pathname, response);
  if (pathname.startsWith('/files-pri/')) return servePrivateFile(world, request, response);
  return servePage(site.pageDir, pathname, response);
}

/** Only pages of this very server may talk to it: a web site must not drive somebody's rehearsal. */
function isForeign(request: IncomingMessage): boolean {
  const { origin, host = '' } = request.headers;
  const isLocalHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  return !isLocalHost || (origin !== undefined && origin !== `http://${host}`);
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

/** Puts the faults into effect that act by themselves, not on a call. */
function createFaultEffects(): { readonly apply: (world: World) => void; readonly stop: () => void } {
  let refreshing: NodeJS.Timeout | undefined;
  return {
    apply(world) {
      clearInterval(refreshing);
      const fault = world.faults.value('sockets');
      if (fault === 'drop') world.sockets.drop();
      if (fault !== 'refresh') return;
      world.sockets.refresh('refresh_requested');
      refreshing = setInterval(() => world.sockets.refresh('refresh_requested'), world.times.faultRefreshMs);
    },
    stop: () => clearInterval(refreshing),
  };
}

/** Starts the strict local Slack on 127.0.0.1. */
export async function startRehearsalSlack(options: RehearsalSlackOptions = {}): Promise<RehearsalSlack> {
  const effects = createFaultEffects();
  const world = createWorld(options, effects.apply);
  const switchboards = createSwitchboards(world, options.clusterControl);
  const site: Site = { world, switchboards, pageDir: options.pageDir };
  world.page.resync = () => world.ui.emit(toSnapshot(world, switchboards.known()));
  const server = createServer((request, response) => {
    if (isForeign(request)) {
      sendText(response, 403, 'this rehearsal is for its own machine only');
      return;
    }
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
      effects.stop();
      world.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
