import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import type { WebClientOptions } from '@slack/web-api';
import { type Meter, stopwatch } from '../core/meter.ts';

type Fetch = NonNullable<WebClientOptions['fetch']>;

/** Every call of every client, Bolt's own included, and what Slack said to it. */
export function meteredFetch(meter: Meter): Fetch {
  return async (url, init) => {
    const method = methodOf(String(url));
    const seconds = stopwatch();
    const note = (result: string): void => {
      meter.count('slack_api_calls_total', { method, result });
      meter.observe('slack_api_call_duration_seconds', { method }, seconds());
    };
    const answer = await fetch(url, init).catch((thrown: unknown) => {
      note('failed');
      throw thrown;
    });
    if (answer.status === 429) {
      const retryAfter = Number(answer.headers.get('retry-after') ?? 0);
      meter.count('slack_api_retry_after_seconds_total', { method }, retryAfter);
    }
    if (answer.status !== 200) note(answer.status === 429 ? 'rate_limited' : `http_${answer.status}`);
    return {
      ok: answer.ok,
      status: answer.status,
      statusText: answer.statusText,
      url: answer.url,
      headers: answer.headers,
      arrayBuffer: () => answer.arrayBuffer(),
      json: () => answer.json(),
      text: async () => {
        const text = await answer.text();
        if (answer.status === 200) note(resultOf(text));
        return text;
      },
    };
  };
}

/** `chat.postMessage` of `https://slack.com/api/chat.postMessage`; files go to addresses of their own. */
function methodOf(url: string): string {
  return /\/api\/([a-zA-Z0-9.]+)(?:$|\?)/.exec(url)?.[1] ?? 'upload';
}

/** Slack refuses with status 200 and a code in the body. An answer of an upload is no JSON. */
function resultOf(text: string): string {
  if (/^\s*\{\s*"ok":\s*true/.test(text)) return 'ok';
  return /"error":\s*"([a-z_]{1,60})"/.exec(text)?.[1] ?? 'ok';
}

/** Times each request from the moment the receiver has read it to our acknowledgement. */
export function timedReceiver(receiver: Receiver, meter: Meter): Receiver {
  return {
    init: (app) => {
      const processEvent = (event: ReceiverEvent): Promise<void> => app.processEvent(timedEvent(event, meter));
      // A receiver uses nothing else of the app.
      const timed: App = Object.create(app, { processEvent: { value: processEvent } });
      receiver.init(timed);
    },
    start: (...args) => receiver.start(...args),
    stop: (...args) => receiver.stop(...args),
  };
}

function timedEvent(event: ReceiverEvent, meter: Meter): ReceiverEvent {
  const seconds = stopwatch();
  const kind = kindOf(event.body);
  return {
    ...event,
    ack: (response) => {
      meter.observe('slack_ack_duration_seconds', { kind }, seconds());
      return event.ack(response);
    },
  };
}

const KINDS: Readonly<Record<string, string>> = {
  app_mention: 'mention',
  app_home_opened: 'home',
  block_actions: 'button',
  block_suggestion: 'options',
  view_submission: 'view',
  view_closed: 'view',
};

function kindOf(body: ReceiverEvent['body']): string {
  if (typeof body['command'] === 'string') return 'slash';
  const event: unknown = body['event'];
  const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : body['type'];
  return KINDS[String(type)] ?? 'other';
}
