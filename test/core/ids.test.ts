import { describe, expect, it } from 'vitest';
import { ChannelId, ClusterName, RunId, runIdFor, UserId } from '../../src/core/ids.ts';

describe('runIdFor', () => {
  it('gives the same request the same id, for ever', () => {
    // Written down: a redelivery may reach a newer version of the bot.
    expect(runIdFor('slash:1')).toBe(runIdFor('slash:1'));
    expect(runIdFor('slash:1')).toBe('run-t1f7bv');
  });

  it('gives another id for another salt', () => {
    expect(new Set([0, 1, 2, 3].map((salt) => runIdFor('slash:1', salt))).size).toBe(4);
  });

  it('does not take a salt for a part of the key', () => {
    expect(runIdFor('1\nx', 0)).not.toBe(runIdFor('x', 1));
  });

  it('spreads over its letters', () => {
    const counts = new Map<string, number>();
    for (let key = 0; key < 4_000; key += 1) {
      for (const letter of runIdFor(`slash:${key}`).slice(4)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }

    expect(counts.size).toBe(32);
    // 750 each are expected; five standard deviations are 135.
    for (const count of counts.values()) expect(Math.abs(count - 750)).toBeLessThan(150);
  });
});

describe('ids', () => {
  it.each([
    [RunId, 'run-7f3k2q', true],
    [RunId, 'run-7f3k2', false],
    [RunId, 'run-7f3k2qq', false],
    [RunId, 'run-7f3k2i', false],
    [RunId, 'RUN-7F3K2Q', false],
    [RunId, 'run-7f3k2q\n', false],
    [UserId, 'U01DANA', true],
    [UserId, 'W01DANA', true],
    [UserId, 'local:dana@host', true],
    [UserId, 'B01BOT', false],
    [UserId, 'U01DANA>', false],
    [ChannelId, 'C01OPS', true],
    [ChannelId, 'D01DM', true],
    [ChannelId, '#ops', false],
    [ClusterName, 'prod-eu-1', true],
    [ClusterName, 'Prod', false],
    [ClusterName, 'x'.repeat(41), false],
    [ClusterName, '', false],
  ])('%# takes %s: %s', (schema, value, want) => expect(schema.safeParse(value).success).toBe(want));
});
