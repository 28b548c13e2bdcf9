import type { RichTextBlock, RichTextElement, RichTextSection, TableBlock } from '@slack/types';
import { cut, mrkdwn, mrkdwnCode } from './escape.ts';
import { boldMrkdwn, mrkdwnSection } from './lines.ts';
import { LIMITS, type MessageBlock, type SlackMessage, sizeOf } from './slack-message.ts';

/**
 * The same message in blocks that every Slack client and every workspace knows, for when the newer ones are refused
 * (`invalid_blocks`). Buttons and attribution stay; where escaping made it too long, the longest lines give way.
 */
export function degrade(message: SlackMessage): SlackMessage {
  for (let lineMax = 1_000; ; lineMax = Math.floor(lineMax / 2)) {
    const blocks = message.blocks.flatMap((block) => plainer(block, lineMax));
    if (sizeOf(blocks) <= LIMITS.blocksJson || lineMax < 20) return { ...message, blocks };
  }
}

function plainer(block: MessageBlock, lineMax: number): readonly MessageBlock[] {
  if (block.type === 'rich_text') return sections(richTextLines(block), lineMax);
  if (block.type === 'table') return sections(tableLines(block), lineMax);
  return [block];
}

/** As many sections as Slack's limit on one asks for. */
function sections(lines: readonly string[], lineMax: number): readonly MessageBlock[] {
  const groups: string[][] = [[]];
  let used = 0;
  for (const line of lines.map((each) => cut(each, lineMax))) {
    if (used + line.length + 1 > LIMITS.sectionText) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)?.push(line);
    used += line.length + 1;
  }
  return groups.map(mrkdwnSection);
}

/** Line breaks and dots are ours and stay; everything else is escaped again, for mrkdwn this time. */
function richTextLines(block: RichTextBlock): readonly string[] {
  return block.elements.flatMap((part) => {
    if (part.type === 'rich_text_section') return sectionWords(part).split('\n');
    return part.type === 'rich_text_list' ? part.elements.map((item) => `• ${sectionWords(item)}`) : [];
  });
}

function sectionWords(section: RichTextSection): string {
  return section.elements.map(spanWords).join('');
}

function spanWords(span: RichTextElement): string {
  if (span.type !== 'text') return '';
  if (span.style?.code === true) return mrkdwnCode(span.text);
  if (span.style?.bold === true) return boldMrkdwn(span.text);
  return span.text.split('\n').map(mrkdwn).join('\n');
}

/** One line per row, the first cell leading. */
function tableLines(block: TableBlock): readonly string[] {
  return block.rows.map((row) => {
    const [first = '', ...rest] = row.map((cell) => (cell.type === 'raw_text' ? mrkdwn(cell.text) : ''));
    return `${first}: ${rest.filter((cell) => cell.trim() !== '').join(' · ')}`;
  });
}
