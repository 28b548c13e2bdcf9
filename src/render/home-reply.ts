import type { ModalView } from '@slack/types';
import type { Reply } from '../core/replies/reply.ts';
import { homeButtons, nextButtons } from './buttons.ts';
import { bold, linesBlock } from './lines.ts';
import { renderReply } from './reply-message.ts';

const FRAME = {
  type: 'modal',
  title: { type: 'plain_text', text: 'Cilium' },
  close: { type: 'plain_text', text: 'Close' },
} as const;

/** A click's trigger lives three seconds, so the modal opens before anything is done. */
export function waitingReply(): ModalView {
  return { ...FRAME, blocks: [linesBlock([[bold('One moment …')]])] };
}

/** What came of a click in the App Home. A step that is about no run needs a channel: it is a line to type there. */
export function replyView(reply: Reply, root: string): ModalView {
  const isHere = (command: string): boolean => /\brun-[0-9a-z]{6}\b/.test(command);
  const typed = reply.next.filter(({ command }) => !isHere(command));
  const lines = [
    ...reply.lines,
    ...typed.map(({ label, command }) => ({ label, code: `${root} ${command}`.slice(0, 300) })),
  ];
  const { blocks } = renderReply({ ...reply, next: [], lines });
  const buttons = homeButtons([...nextButtons(reply.next.filter(({ command }) => isHere(command)))]);
  return {
    ...FRAME,
    blocks: [...blocks, ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: buttons }])],
  };
}
