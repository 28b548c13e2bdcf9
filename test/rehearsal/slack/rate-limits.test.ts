import { WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import { describe, expect, it } from 'vitest';
import { createRateLimiter, type Tier } from '../../../src/rehearsal/slack/rate-limits.ts';
import { startSlack } from './harness.ts';

function passesAtOnce(take: () => number): number {
  let passed = 0;
  while (take() === 0) passed += 1;
  return passed;
}

describe('token buckets', () => {
  it.each<[Tier, number, number]>([
    ['tier1', 1, 60],
    ['tier2', 20, 3],
    ['tier3', 50, 2],
    ['tier4', 100, 1],
    ['post', 5, 1],
  ])('%s lets %i through at once and then asks to wait %i s', (tier, atOnce, waitSeconds) => {
    let now = 0;
    const limiter = createRateLimiter(() => now, 1);
    const take = () => limiter.take({ method: 'm', tier, channel: 'C' });
    expect(passesAtOnce(take)).toBe(atOnce);
    expect(take()).toBe(waitSeconds);
    now += waitSeconds * 1_000;
    expect(take()).toBe(0);
  });

  it('counts posts per channel, under 300 a minute for the workspace', () => {
    const limiter = createRateLimiter(() => 0, 1);
    let passed = 0;
    for (let channel = 0; channel < 100; channel += 1) {
      passed += passesAtOnce(() => limiter.take({ method: 'chat.postMessage', tier: 'post', channel: `C${channel}` }));
    }
    expect(passed).toBe(300);
  });

  it('is as generous as it is told to be', () => {
    const take = (scale: number) => {
      const limiter = createRateLimiter(() => 0, scale);
      return () => limiter.take({ method: 'm', tier: 'tier2', channel: '' });
    };
    expect(passesAtOnce(take(10))).toBe(200);
    expect(take(Number.POSITIVE_INFINITY)()).toBe(0);
  });
});

it('answers 429 with Retry-After, which the SDK reports', async () => {
  const { slack, channel, api } = await startSlack({ rateLimitScale: 1, now: () => 1_800_000_000_000 });
  const web = new WebClient(slack.tokens.botToken, { slackApiUrl: slack.apiUrl, rejectRateLimitedCalls: true });
  const { ts = '' } = await web.chat.postMessage({ channel: channel('ops'), text: 'x' });
  for (let edit = 0; edit < 50; edit += 1) {
    expect(await api('chat.update', { channel: channel('ops'), ts, text: `${edit}` })).toMatchObject({ ok: true });
  }
  const refused = await web.chat
    .update({ channel: channel('ops'), ts, text: 'one too many' })
    .catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(WebAPIRateLimitedError);
  expect((refused as WebAPIRateLimitedError).retryAfter).toBeGreaterThanOrEqual(1);
});
