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
  // One expectation for all: tens of thousands of messages are looked at, and each expectation costs as much as one.
  const problems = [...validateBlocks(message.blocks, 'message'), ...oversizes(message), ...harms(message)];
  expect(problems).toEqual([]);
}

function oversizes({ blocks, text }: SlackMessage): readonly string[] {
  const [size, shown] = [sizeOf(blocks), blockTextLength(blocks)];
  const elements = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
  const actionIds = elements.map((element) => ('action_id' in element ? element.action_id : ''));
  return [
    ...unless(size <= LIMITS.blocksJson, `${size} bytes of blocks`),
    ...unless(shown <= 12_000, `${shown} characters in blocks`),
    ...unless(text.trim() !== '', 'no text'),
    ...unless(text.length <= 4_000, `${text.length} characters of text`),
    ...unless(new Set(actionIds).size === actionIds.length, `action ids twice: ${actionIds.join()}`),
  ];
}

function harms({ blocks, text }: SlackMessage): readonly string[] {
  const { mrkdwn, literal } = shownStrings(blocks);
  return [
    ...[text, ...mrkdwn].flatMap(harmsOfMrkdwn),
    ...literal.flatMap((each) => unless(!/<[!@#]/.test(each), `a mention in: ${each}`)),
    ...[text, ...mrkdwn, ...literal].flatMap((each) =>
      unless(!HIDDEN.test(each), `something hidden in: ${JSON.stringify(each)}`),
    ),
  ];
}

function harmsOfMrkdwn(shown: string): readonly string[] {
  const rest = shown.replaceAll(OURS, '');
  return [
    ...unless(!/[<>]/.test(rest), `angle brackets in: ${rest}`),
    ...unless(!/&(?!amp;|lt;|gt;)/.test(rest), `an ampersand in: ${rest}`),
    ...unless(!shown.includes('``'), `two backticks in: ${shown}`),
    ...shown.split('\n').flatMap((line) => unless(line.split('`').length % 2 === 1, `backticks in: ${line}`)),
  ];
}

function unless(holds: boolean, problem: string): readonly string[] {
  return holds ? [] : [problem];
}
