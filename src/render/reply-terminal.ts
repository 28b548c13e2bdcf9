import type { Reply } from '../core/replies/reply.ts';
import { terminalText } from './escape.ts';
import { MARK_WORD } from './marks.ts';
import type { TerminalOptions } from './report-terminal.ts';

/** Help and refusals in a terminal, where there are no buttons: what can be run next is a line to type. No line break at the end. */
export function renderReplyText(reply: Reply, { root = 'npx cilium-chatops run' }: TerminalOptions): string {
  const word = MARK_WORD[reply.mark];
  const rows = reply.lines.map(({ title, label, code, at, text, url }) => {
    const when = at === undefined ? undefined : `${at.slice(0, 16).replace('T', ' ')} UTC`;
    const parts = [label, code, when, text, url].filter((part) => part !== undefined).map(terminalText);
    const [left = '', ...right] = parts;
    const row =
      right.length === 0 && code === undefined ? { left: '', right: left } : { left, right: right.join('  ') };
    return { title: title === undefined ? undefined : terminalText(title), ...row };
  });
  const width = Math.min(40, Math.max(0, ...rows.map((row) => row.left.length)));
  const lines = rows.flatMap(({ title, left, right }) => [
    ...(title === undefined ? [] : ['', left === '' && right !== '' ? `${title}: ${right}` : title]),
    ...(title !== undefined && left === '' ? [] : [row(left, right, width)]),
  ]);
  const next = reply.next.map((each) => `  ${terminalText(each.label)}: ${root} ${terminalText(each.command)}`);
  const first = `${word === '' ? '' : `${word}: `}${terminalText(reply.text)}`;
  return [first, ...lines, ...next].join('\n');
}

function row(left: string, right: string, width: number): string {
  if (left === '') return `  ${right}`;
  // A long usage gets a line of its own.
  if (left.length > width) return `  ${left}\n  ${' '.repeat(width)}  ${right}`;
  return `  ${left.padEnd(width)}  ${right}`.trimEnd();
}
