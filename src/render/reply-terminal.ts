import type { Reply } from '../core/reply.ts';
import { terminalText } from './escape.ts';
import { MARK_WORD } from './marks.ts';
import type { TerminalOptions } from './report-terminal.ts';

/** Help and refusals in a terminal, where there are no buttons: what can be run next is a line to type. No line break at the end. */
export function renderReplyText(reply: Reply, { root = 'npx cilium-chatops run' }: TerminalOptions): string {
  const word = MARK_WORD[reply.mark];
  const typed = reply.lines.map((line) => (line.code === undefined ? '' : terminalText(line.code)));
  const width = Math.min(40, Math.max(0, ...typed.map((each) => each.length)));
  const lines = reply.lines.map((line, at) => {
    const left = typed[at] ?? '';
    if (left === '') return `  ${terminalText(line.text)}`;
    // A long usage gets a line of its own.
    if (left.length > width) return `  ${left}\n  ${' '.repeat(width)}  ${terminalText(line.text)}`;
    return `  ${left.padEnd(width)}  ${terminalText(line.text)}`;
  });
  const next = reply.next.map((each) => `  ${terminalText(each.label)}: ${root} ${terminalText(each.command)}`);
  const first = `${word === '' ? '' : `${word}: `}${terminalText(reply.text)}`;
  return [first, ...lines, ...next].join('\n');
}
