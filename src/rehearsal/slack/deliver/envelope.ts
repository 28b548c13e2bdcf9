import type { Json } from '../json.ts';

/** One thing for the bot, however it travels. */
export type Envelope = {
  readonly type: 'slash_commands' | 'interactive' | 'events_api';
  readonly payload: Json;
  /** Whether the acknowledgement may carry an answer (commands, view submissions, options). */
  readonly acceptsResponse: boolean;
  readonly retry?: { readonly attempt: number; readonly reason: string };
};

/**
 * How a delivery ended: `acked` with the answer's body, `nobody` when no bot was there to take it, `late` when no
 * acknowledgement came in time, `failed` when the bot's HTTP endpoint answered anything but success.
 */
export type Delivery =
  | { readonly type: 'acked'; readonly body: unknown }
  | { readonly type: 'nobody' }
  | { readonly type: 'late' }
  | { readonly type: 'failed'; readonly reason: string };

export type Transport = {
  readonly deliver: (envelope: Envelope) => Promise<Delivery>;
};
