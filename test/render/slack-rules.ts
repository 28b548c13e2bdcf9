import { expect } from 'vitest';
import { blockTextLength, validateBlocks } from '../../src/rehearsal/slack/blocks/validate.ts';
import { LIMITS, type SlackMessage, sizeOf } from '../../src/render/slack-message.ts';

type Strings = { readonly mrkdwn: readonly string[]; readonly literal: readonly string[] };

/** Every string that Slack shows, by how it reads it. Ids and values are not shown. */
function shownStrings(value: unknown): Strings {
  if (Array.isArray(value)) return merged(value.map(shownStrings));
  if (typeof value !== 'object' || value === null) return { mrkdwn: [], literal: [] };
  const { type, text } = value as { type?: unknown; text?: unknown };
  if (typeof text === 'string')
    return type === 'mrkdwn' ? { mrkdwn: [text], literal: [] } : { mrkdwn: [], literal: [text] };
  return merged(Object.values(value).map(shownStrings));
}

function merged(all: readonly Strings[]): Strings {
  return { mrkdwn: all.flatMap((each) => each.mrkdwn), literal: all.flatMap((each) => each.literal) };
}

/** Ours: who asked or voted (the people of these tests) and times. Anything else in angle brackets came from outside. */
const OURS = /<@U0(?:1DANA|2SAM|3LEE|4KIM)>|<!date\^\d+\^(?:\{[a-z_]+\} ?)+\|[0-9: -]+ UTC>/g;
const HIDDEN = /(?!\n|\uFE0F)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

/** Fails with a reason when Slack would refuse the message, or when something in it does more than being read. */
export function expectGoodMessage(message: SlackMessage): void {
  expect(validateBlocks(message.blocks, 'message')).toEqual([]);
  expect(sizeOf(message.blocks)).toBeLessThanOrEqual(LIMITS.blocksJson);
  expect(blockTextLength(message.blocks)).toBeLessThanOrEqual(12_000);
  expect(message.text.trim()).not.toBe('');
  expect(message.text.length).toBeLessThanOrEqual(4_000);
  const ids = message.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
  const actionIds = ids.map((element) => ('action_id' in element ? element.action_id : ''));
  expect(new Set(actionIds).size).toBe(actionIds.length);
  expectHarmless(message);
}

function expectHarmless(message: SlackMessage): void {
  const { mrkdwn, literal } = shownStrings(message.blocks);
  for (const each of [message.text, ...mrkdwn]) {
    const rest = each.replaceAll(OURS, '');
    expect(rest).not.toMatch(/[<>]/);
    expect(rest).not.toMatch(/&(?!amp;|lt;|gt;)/);
    expect(each).not.toContain('``');
    for (const line of each.split('\n')) expect(line.split('`').length % 2, `backticks in: ${line}`).toBe(1);
  }
  for (const each of literal) expect(each).not.toMatch(/<[!@#]/);
  for (const each of [message.text, ...mrkdwn, ...literal]) expect(each).not.toMatch(HIDDEN);
}
