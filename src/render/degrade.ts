import type { RichTextBlock, TableBlock } from '@slack/types';
import { cut, mrkdwn, mrkdwnCode } from './escape.ts';
import { mrkdwnSection } from './lines.ts';
import { LIMITS, type MessageBlock, type SlackMessage, sizeOf } from './slack-message.ts';

/**
 * The same message in blocks that every Slack client and every workspace knows, for when the newer ones are refused
 * (`invalid_blocks`). Buttons and attribution stay; the longest text gives way when escaping made it too long.
 */
export function degrade(message: SlackMessage): SlackMessage {
  for (let max: number = LIMITS.sectionText; ; max = Math.floor(max / 2)) {
    const blocks = message.blocks.map((block) => plainer(block, max));
    if (sizeOf(blocks) <= LIMITS.blocksJson || max < 50) return { ...message, blocks };
  }
}

function plainer(block: MessageBlock, max: number): MessageBlock {
  if (block.type === 'rich_text') return mrkdwnSection(cut(richTextWords(block), max));
  if (block.type === 'table') return mrkdwnSection(cut(tableWords(block), max));
  return block;
}

function richTextWords(block: RichTextBlock): string {
  const spans = block.elements.flatMap((part) => (part.type === 'rich_text_section' ? part.elements : []));
  return spans
    .map((span) => {
      if (span.type !== 'text') return '';
      // Line breaks are ours and stay; everything else is escaped line by line.
      return span.text
        .split('\n')
        .map((line) => styled(line, span.style?.code === true))
        .join('\n');
    })
    .join('');
}

function styled(line: string, isCode: boolean): string {
  return isCode ? mrkdwnCode(line) : mrkdwn(line);
}

/** One line per row, the first cell leading. */
function tableWords(block: TableBlock): string {
  const [head = [], ...rows] = block.rows.map((row) =>
    row.map((cell) => (cell.type === 'raw_text' ? mrkdwn(cell.text) : '')),
  );
  return [head, ...rows].map(([first = '', ...rest]) => `${first}: ${rest.join(' · ')}`).join('\n');
}
