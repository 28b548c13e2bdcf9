/** Slack's tiers, plus the method that has a rule of its own. Source: "Rate limits" and "chat.postMessage". */
export type Tier = 'tier1' | 'tier2' | 'tier3' | 'tier4' | 'post' | 'none';

type Bucket = { readonly capacity: number; readonly perMinute: number };

/** Tiers are per method, workspace and app; one minute's worth may come at once. */
const BUCKETS: Record<Exclude<Tier, 'none' | 'post'>, Bucket> = {
  tier1: { capacity: 1, perMinute: 1 },
  tier2: { capacity: 20, perMinute: 20 },
  tier3: { capacity: 50, perMinute: 50 },
  tier4: { capacity: 100, perMinute: 100 },
};

/** One message a second and channel with a short burst, under a cap for the whole workspace. */
const POST_IN_CHANNEL: Bucket = { capacity: 5, perMinute: 60 };
const POST_IN_WORKSPACE: Bucket = { capacity: 300, perMinute: 300 };

export type RateLimiter = {
  /** Takes one call's worth; answers 0 when the call may go on, else the seconds to wait. */
  readonly take: (call: { method: string; tier: Tier; channel: string }) => number;
  readonly clear: () => void;
};

/**
 * Token buckets over an injected clock.
 * @param scale 1 is Slack's own pace, 10 ten times as generous, Infinity no limit at all
 */
export function createRateLimiter(now: () => number, scale: number): RateLimiter {
  const levels = new Map<string, { tokens: number; at: number }>();

  function level(key: string, bucket: Bucket): { tokens: number; at: number } {
    const known = levels.get(key) ?? { tokens: bucket.capacity * scale, at: now() };
    const refill = ((now() - known.at) / 60_000) * bucket.perMinute * scale;
    const fresh = { tokens: Math.min(bucket.capacity * scale, known.tokens + refill), at: now() };
    levels.set(key, fresh);
    return fresh;
  }

  function bucketsOf(call: { method: string; tier: Tier; channel: string }): readonly [string, Bucket][] {
    if (call.tier === 'none') return [];
    if (call.tier !== 'post') return [[call.method, BUCKETS[call.tier]]];
    return [
      [`post ${call.channel}`, POST_IN_CHANNEL],
      ['post', POST_IN_WORKSPACE],
    ];
  }

  return {
    take(call) {
      if (!Number.isFinite(scale)) return 0;
      const states = bucketsOf(call).map(([key, bucket]) => ({ bucket, state: level(key, bucket) }));
      const waits = states.map(({ bucket, state }) => ((1 - state.tokens) / (bucket.perMinute * scale)) * 60);
      const waitSeconds = Math.max(0, ...waits);
      if (waitSeconds > 0) return Math.max(1, Math.ceil(waitSeconds));
      for (const { state } of states) state.tokens -= 1;
      return 0;
    },
    clear: () => levels.clear(),
  };
}
