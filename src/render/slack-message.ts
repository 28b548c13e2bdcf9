import type { ActionsBlock, ContextBlock, RichTextBlock, SectionBlock, TableBlock } from '@slack/types';

/** The blocks we use; all are valid in messages. */
export type MessageBlock = SectionBlock | ContextBlock | ActionsBlock | RichTextBlock | TableBlock;

/** Bytes to upload into the thread: `key` is where the blob store has them. */
type SlackFile = {
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly key: string;
  readonly altText?: string;
  readonly instead?: string;
};

/**
 * A message as Slack takes it. `text` is never empty: it is what a lock screen and a screen reader get, so its first
 * three lines decide, and it carries the same data as the blocks.
 */
export type SlackMessage = {
  readonly text: string;
  readonly blocks: readonly MessageBlock[];
  readonly files?: readonly SlackFile[];
};

/**
 * Slack's "Blocks" and "Formatting message text" pages, and where they are silent what others measured: chat.update
 * fails with `msg_too_long` above about 4,000 characters of text, a message with `msg_blocks_too_long` above about
 * 13,200 in all blocks (slackapi/bolt-js#2509). We count the blocks as JSON, which is never less than Slack counts.
 */
export const LIMITS = {
  text: 3_900,
  blocksJson: 12_000,
  blocks: 50,
  sectionText: 3_000,
  contextText: 2_000,
  actions: 25,
  buttonText: 75,
  tableRows: 100,
  tableChars: 10_000,
} as const;

/** Characters of the blocks in the strictest reading: as they go over the wire. */
export function sizeOf(blocks: readonly MessageBlock[]): number {
  return JSON.stringify(blocks).length;
}
