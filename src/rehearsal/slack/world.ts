import { type Courier, createCourier } from './deliver/courier.ts';
import type { Transport } from './deliver/envelope.ts';
import { createHttpMode } from './deliver/http-mode.ts';
import { SocketMode } from './deliver/socket-mode.ts';
import { createFaults, type Faults } from './faults.ts';
import { createFileStore, type FileStore } from './files.ts';
import { createGrants, type Grants } from './grants.ts';
import { type Clock, createClock } from './ids.ts';
import { createJournal, type Journal } from './journal.ts';
import { createMessageStore, type MessageStore } from './messages.ts';
import { createRateLimiter, type RateLimiter } from './rate-limits.ts';
import { createUiHub, toUiMessage, type UiHub } from './ui-hub.ts';
import { createViewStore, type ViewStore } from './views.ts';
import { createWorkspace, DEFAULT_SCOPES, type Workspace, type WorkspaceOptions } from './workspace.ts';

/** Slack's own times; tests shorten them. */
type Times = {
  readonly ackTimeoutMs: number;
  readonly triggerTtlMs: number;
  readonly responseUrlTtlMs: number;
  readonly retryDelaysMs: readonly number[];
  readonly socketLifetimeMs: number;
  readonly socketWarningMs: number;
  /** The pace of the `sockets: refresh` fault. */
  readonly faultRefreshMs: number;
  /** The delay of the `web-api: slow` fault. */
  readonly faultSlowMs: number;
};

const REAL_TIMES: Times = {
  ackTimeoutMs: 3_000,
  triggerTtlMs: 3_000,
  responseUrlTtlMs: 30 * 60_000,
  retryDelaysMs: [1_000, 60_000, 300_000],
  socketLifetimeMs: 3 * 60 * 60_000,
  socketWarningMs: 10_000,
  faultRefreshMs: 10_000,
  faultSlowMs: 5_000,
};

export type WorldOptions = WorkspaceOptions & {
  readonly times?: Partial<Times>;
  /** 1 is Slack's own pace, Infinity no limits. */
  readonly rateLimitScale?: number;
  readonly scopes?: readonly string[];
  readonly mode?: 'socket' | 'http';
  /** Where the bot listens in HTTP mode; may also be set later. */
  readonly requestUrl?: string;
  /** Bot events the app subscribed to. */
  readonly events?: readonly string[];
  readonly banner?: string;
  readonly now?: () => number;
};

/** The bot's installation: what changes while the program runs. */
type Installation = {
  readonly mode: 'socket' | 'http';
  readonly scopes: readonly string[];
  readonly events: readonly string[];
  requestUrl: string | undefined;
};

export type World = {
  readonly workspace: Workspace;
  readonly installation: Installation;
  readonly times: Times;
  readonly banner: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly ui: UiHub;
  readonly faults: Faults;
  readonly limits: RateLimiter;
  readonly grants: Grants;
  readonly messages: MessageStore;
  readonly views: ViewStore;
  readonly files: FileStore;
  /** What each person has entered, by view id or `channel:ts`, as Slack's `state.values`. */
  readonly inputs: Map<string, Record<string, Record<string, unknown>>>;
  readonly sockets: SocketMode;
  readonly courier: Courier;
  /** `http://127.0.0.1:PORT`, known once the server listens. */
  readonly origin: { url: string };
  /** Sends the page everything anew, for changes that have no event of their own (channels and who is in them). */
  readonly page: { resync: () => void };
  readonly close: () => void;
};

const DEFAULT_BANNER = 'Rehearsal: no Slack workspace and no cluster is touched';

function createUi(ui: UiHub): { messages: MessageStore; views: ViewStore } {
  return {
    messages: createMessageStore({
      changed: (message) => ui.emit({ type: 'message', message: toUiMessage(message) }),
      removed: (channel, ts) => ui.emit({ type: 'message-deleted', channel, ts }),
    }),
    views: createViewStore({
      stackChanged: (user, stack) => ui.emit({ type: 'views', user, stack }),
      homeChanged: (user, view) => ui.emit({ type: 'home', user, view }),
    }),
  };
}

function createInstallation(options: WorldOptions): Installation {
  return {
    mode: options.mode ?? 'socket',
    scopes: options.scopes ?? DEFAULT_SCOPES,
    events: options.events ?? ['app_mention', 'app_home_opened'],
    requestUrl: options.requestUrl,
  };
}

type Wires = Pick<World, 'workspace' | 'installation' | 'times' | 'clock' | 'journal' | 'faults' | 'ui'>;

function createWires(wires: Wires): Pick<World, 'sockets' | 'courier'> {
  const { journal, times, installation, workspace } = wires;
  const sockets = new SocketMode({
    appId: workspace.app.appId,
    ackTimeoutMs: times.ackTimeoutMs,
    lifetimeMs: times.socketLifetimeMs,
    warningMs: times.socketWarningMs,
    journal,
    onCount: (open) => wires.ui.emit({ type: 'sockets', sockets: open }),
  });
  const http = createHttpMode({
    requestUrl: () => installation.requestUrl,
    signingSecret: workspace.tokens.signingSecret,
    ackTimeoutMs: times.ackTimeoutMs,
    journal,
    now: wires.clock.now,
  });
  const transport = (): Transport => (installation.mode === 'socket' ? sockets : http);
  const courier = createCourier({ transport, faults: wires.faults, journal, retryDelaysMs: times.retryDelaysMs });
  return { sockets, courier };
}

export function createWorld(options: WorldOptions, onFault: (world: World) => void): World {
  const clock = createClock(options.now);
  const workspace = createWorkspace(options);
  const installation = createInstallation(options);
  const times = { ...REAL_TIMES, ...options.times };
  const journal = createJournal(clock.now);
  const ui = createUiHub();
  const faults = createFaults(() => onFault(world));
  const wires = createWires({ workspace, installation, times, clock, journal, faults, ui });
  const world: World = {
    workspace,
    installation,
    times,
    banner: options.banner ?? DEFAULT_BANNER,
    clock,
    journal,
    ui,
    faults,
    limits: createRateLimiter(clock.now, options.rateLimitScale ?? 1),
    grants: createGrants(workspace.teamId, clock.now, times),
    ...createUi(ui),
    files: createFileStore(),
    inputs: new Map(),
    ...wires,
    origin: { url: '' },
    page: { resync: () => undefined },
    close() {
      wires.courier.close();
      wires.sockets.close();
      ui.close();
    },
  };
  return world;
}
