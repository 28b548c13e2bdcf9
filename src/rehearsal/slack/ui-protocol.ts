/**
 * What the page of the rehearsal Slack and its server say to each other: one stream of server-sent events down
 * (`GET /_ui/events`, each `data:` line one UiEvent), JSON posts up (the control API of `server.ts`).
 *
 * Types only: the page bundles this file, the server implements it, neither imports the other.
 */

export type UiUser = {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly isBot: boolean;
};

export type UiChannel = {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly members: readonly string[];
};

export type UiFile = {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly sizeBytes: number;
  readonly altText: string;
  /** Served by the rehearsal Slack itself, no token needed: the page shows pictures and links the rest. */
  readonly url: string;
};

export type UiMessage = {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs?: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly files: readonly UiFile[];
  /** Set on ephemerals: only this user sees the message. */
  readonly ephemeralTo?: string;
  readonly editedAt?: string;
  readonly replyCount: number;
};

/** A modal or Home as Slack's views.* returns it; `id` and `callback_id` are inside. */
export type UiView = { readonly id: string } & Readonly<Record<string, unknown>>;

/** One thing a person can break. `off` is always the first option and means "works". */
export type UiSwitch = {
  readonly id: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly value: string;
};

/** A board of switches. The rehearsal cluster serves the same shape at its own `/_control/faults`. */
export type UiSwitchboard = { readonly id: string; readonly title: string; readonly switches: readonly UiSwitch[] };

export type UiSnapshot = {
  readonly type: 'snapshot';
  readonly workspace: string;
  /** Always shown: says that no Slack workspace and no cluster is touched (or which cluster is real). */
  readonly banner: string;
  readonly users: readonly UiUser[];
  readonly channels: readonly UiChannel[];
  readonly messages: readonly UiMessage[];
  /** Per user id: the stack of open modals, the top one last. */
  readonly views: Readonly<Record<string, readonly UiView[]>>;
  readonly homes: Readonly<Record<string, UiView>>;
  /** Slash commands the workspace knows, for the composer's suggestions. */
  readonly commands: readonly {
    readonly command: string;
    readonly usageHint: string;
    readonly examples: readonly string[];
  }[];
  readonly switchboards: readonly UiSwitchboard[];
  /** Socket Mode connections that are open now; 0 means the bot is not connected. */
  readonly sockets: number;
};

export type UiEvent =
  | UiSnapshot
  /** New or edited: replace by (channel, ts). */
  | { readonly type: 'message'; readonly message: UiMessage }
  | { readonly type: 'message-deleted'; readonly channel: string; readonly ts: string }
  | { readonly type: 'views'; readonly user: string; readonly stack: readonly UiView[] }
  | {
      readonly type: 'view-errors';
      readonly user: string;
      readonly viewId: string;
      readonly errors: Readonly<Record<string, string>>;
    }
  | { readonly type: 'home'; readonly user: string; readonly view: UiView }
  | { readonly type: 'switchboards'; readonly switchboards: readonly UiSwitchboard[] }
  | { readonly type: 'sockets'; readonly sockets: number }
  | { readonly type: 'reset' };

/*
 * Posts, all JSON, all answered `{ ok: true, … }` or `{ ok: false, error, message? }` with a 4xx; `message` is what
 * Slack would show to the person:
 *   POST /_control/command      { channel, user, command, text?, threadTs? } -> { acked, failure?, message? }
 *                               in a thread: error not_supported_in_threads, also shown as an ephemeral
 *   POST /_control/message      { channel, user, text, thread_ts? } -> { message }
 *   POST /_control/interact     { channel, messageTs, user, action: { type, action_id, block_id, value?, … } }
 *                               or { viewId, user, action } for a button inside a modal or Home;
 *                               values? as in submit: what else is entered at that moment (for state.values);
 *                               force? true skips every check, for forgery tests;
 *                               error operation_timeout or dispatch_failed when the app did not answer
 *   POST /_control/submit       { viewId, user, values: { <block_id>: { <action_id>: <Slack state value> } } }
 *                               -> { response_action?, errors? }; errors also come as a view-errors event
 *   POST /_control/close-view   { viewId, user, clear? }: clear closes the whole stack
 *   POST /_control/options      { viewId | channel+messageTs, user, action_id, block_id, value }
 *                               -> { options } or { option_groups }
 *   POST /_control/open-home    { user }
 *   POST /_control/reaction     { channel, ts, user, name, present? }
 *   POST /_control/membership   { channel, user, present? }: invites or removes, the bot too
 *   POST /_control/reset        {}
 *   GET  /_control/faults       -> { switchboards: UiSwitchboard[] }
 *   POST /_control/faults       { board, id, value } -> { switchboards }
 * For tests also: GET state, log, views, messages/<channel>; POST request-url { url } (HTTP mode: verified, then
 * used), socket { reason: warning | refresh_requested | link_disabled | drop }.
 */
