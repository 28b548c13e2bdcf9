import type { KnownBlock } from '@slack/types';
import type { Reply } from '../core/replies/reply.ts';
import { renderReply } from '../render/reply-message.ts';

/** For the person who asked, and nobody else. */
export function ephemeral(reply: Reply): { response_type: 'ephemeral'; text: string; blocks: KnownBlock[] } {
  const { text, blocks } = renderReply(reply);
  // Rendered blocks are plain data; Bolt wants its own type for them.
  return { response_type: 'ephemeral', text, blocks: [...blocks] as KnownBlock[] };
}
