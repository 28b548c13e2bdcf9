import { createHmac } from 'node:crypto';
import { newSecret } from '../ids.ts';
import type { Journal } from '../journal.ts';
import { asJson, parseJson } from '../json.ts';
import type { Delivery, Envelope, Transport } from './envelope.ts';

export type HttpModeOptions = {
  readonly requestUrl: () => string | undefined;
  readonly signingSecret: string;
  readonly ackTimeoutMs: number;
  readonly journal: Journal;
  readonly now: () => number;
};

/** The v0 signature over `v0:<timestamp>:<body>` ("Verifying requests from Slack"). */
function signatureHeaders(signingSecret: string, nowMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const digest = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` };
}

function toForm(envelope: Envelope): string {
  if (envelope.type === 'interactive') {
    return new URLSearchParams({ payload: JSON.stringify(envelope.payload) }).toString();
  }
  const fields = Object.entries(envelope.payload).map(([key, value]): [string, string] => [key, String(value)]);
  return new URLSearchParams(fields).toString();
}

function retryHeaders(envelope: Envelope): Record<string, string> {
  if (!envelope.retry) return {};
  return { 'x-slack-retry-num': String(envelope.retry.attempt), 'x-slack-retry-reason': envelope.retry.reason };
}

async function toDelivery(response: Response, journal: Journal): Promise<Delivery> {
  const text = await response.text();
  const detail = { status: response.status, body: text };
  journal.add({ direction: 'from_bot', kind: 'ack', summary: `HTTP ${response.status}`, detail });
  if (!response.ok) return { type: 'failed', reason: 'http_error' };
  return { type: 'acked', body: text === '' ? undefined : (parseJson(text) ?? text) };
}

/** Signed POSTs to the bot's request URL: forms for commands and interactivity, JSON for events. */
export function createHttpMode(options: HttpModeOptions): Transport {
  return {
    async deliver(envelope: Envelope): Promise<Delivery> {
      const url = options.requestUrl();
      if (url === undefined) return { type: 'nobody' };
      const isEvent = envelope.type === 'events_api';
      const body = isEvent ? JSON.stringify(envelope.payload) : toForm(envelope);
      const headers = {
        'content-type': isEvent ? 'application/json' : 'application/x-www-form-urlencoded',
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        ...signatureHeaders(options.signingSecret, options.now(), body),
        ...retryHeaders(envelope),
      };
      const signal = AbortSignal.timeout(options.ackTimeoutMs);
      try {
        return await toDelivery(
          await fetch(url, { method: 'POST', body, headers, signal, redirect: 'manual' }),
          options.journal,
        );
      } catch (thrown) {
        const timedOut = thrown instanceof Error && thrown.name === 'TimeoutError';
        return timedOut ? { type: 'late' } : { type: 'failed', reason: 'connection_failed' };
      }
    },
  };
}

/**
 * Checks a request URL as Slack's app settings do: a signed `url_verification` whose challenge must come back, and an
 * unsigned `ssl_check`.
 * @returns what is wrong with it, undefined where nothing is
 */
export async function verifyRequestUrl(url: string, signingSecret: string, nowMs: number): Promise<string | undefined> {
  const challenge = newSecret();
  const body = JSON.stringify({ type: 'url_verification', token: '', challenge });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  try {
    const signed = { 'content-type': 'application/json', ...signatureHeaders(signingSecret, nowMs, body) };
    const response = await fetch(url, { method: 'POST', body, headers: signed });
    const text = await response.text();
    if (text !== challenge && asJson(parseJson(text))['challenge'] !== challenge) return 'challenge_failed';
    const check = await fetch(url, { method: 'POST', body: 'ssl_check=1&token=', headers: form });
    return check.ok ? undefined : 'ssl_check_failed';
  } catch {
    return 'connection_failed';
  }
}
