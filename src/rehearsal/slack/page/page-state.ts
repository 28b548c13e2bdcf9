import type { UiEvent, UiMessage, UiSnapshot, UiView } from '../ui-protocol.ts';

/** What the page knows of the workspace: the last snapshot with every later event folded in. */
export type PageState = {
  readonly workspace: UiSnapshot | undefined;
  /** Per view id, the messages the app answered a submit with, by block id. Gone when the stack changes. */
  readonly viewErrors: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export const EMPTY_STATE: PageState = { workspace: undefined, viewErrors: {} };

export function reducePage(state: PageState, event: UiEvent): PageState {
  if (event.type === 'snapshot') return { workspace: { ...event, messages: inOrder(event.messages) }, viewErrors: {} };
  const { workspace } = state;
  if (!workspace) return state;
  const withWorkspace = (changed: Partial<UiSnapshot>): PageState => ({
    ...state,
    workspace: { ...workspace, ...changed },
  });
  switch (event.type) {
    case 'message':
      return withWorkspace({ messages: withMessage(workspace.messages, event.message) });
    case 'message-deleted':
      return withWorkspace({
        messages: workspace.messages.filter(({ channel, ts }) => channel !== event.channel || ts !== event.ts),
      });
    case 'views':
      return { ...withWorkspace({ views: { ...workspace.views, [event.user]: event.stack } }), viewErrors: {} };
    case 'view-errors':
      return { ...state, viewErrors: { ...state.viewErrors, [event.viewId]: event.errors } };
    case 'home':
      return withWorkspace({ homes: { ...workspace.homes, [event.user]: event.view } });
    case 'switchboards':
      return withWorkspace({ switchboards: event.switchboards });
    case 'sockets':
      return withWorkspace({ sockets: event.sockets });
    case 'reset':
      return { ...withWorkspace({ messages: [], views: {}, homes: {} }), viewErrors: {} };
    default:
      throw new Error(`unhandled event: ${event satisfies never}`);
  }
}

function withMessage(messages: readonly UiMessage[], message: UiMessage): readonly UiMessage[] {
  const at = messages.findIndex(({ channel, ts }) => channel === message.channel && ts === message.ts);
  return at >= 0 ? messages.with(at, message) : inOrder([...messages, message]);
}

/** Slack's ts sorts as text: ten digits, a dot, six digits. */
function inOrder(messages: readonly UiMessage[]): readonly UiMessage[] {
  return messages.toSorted((left, right) => left.ts.localeCompare(right.ts));
}

/** The messages `viewer` sees in the channel itself: no replies, no ephemerals meant for others. */
export function channelMessages(workspace: UiSnapshot, channel: string, viewer: string): readonly UiMessage[] {
  return workspace.messages.filter(
    (message) => message.channel === channel && isVisible(message, viewer) && isTopLevel(message),
  );
}

/** The parent and its replies, oldest first. `ts` may be the parent's or any reply's. */
export function threadMessages(
  workspace: UiSnapshot,
  place: { readonly channel: string; readonly ts: string },
  viewer: string,
): readonly UiMessage[] {
  const root = threadRoot(workspace, place);
  return workspace.messages.filter(
    (message) =>
      message.channel === place.channel && isVisible(message, viewer) && (message.threadTs ?? message.ts) === root,
  );
}

export function threadRoot(workspace: UiSnapshot, place: { readonly channel: string; readonly ts: string }): string {
  const target = workspace.messages.find(({ channel, ts }) => channel === place.channel && ts === place.ts);
  return target?.threadTs ?? place.ts;
}

function isTopLevel(message: UiMessage): boolean {
  return message.threadTs === undefined || message.threadTs === message.ts;
}

function isVisible(message: UiMessage, viewer: string): boolean {
  return message.ephemeralTo === undefined || message.ephemeralTo === viewer;
}

/** The modal on top of `viewer`'s stack. */
export function topView(workspace: UiSnapshot, viewer: string): UiView | undefined {
  return workspace.views[viewer]?.at(-1);
}
