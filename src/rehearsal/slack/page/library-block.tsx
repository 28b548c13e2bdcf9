import { Message } from 'slack-blocks-to-jsx';
import type { Fields } from './fields.ts';

type LibraryBlockData = Parameters<typeof Message>[0]['blocks'][number];

/**
 * slack-blocks-to-jsx draws, it does not answer clicks: it serves the two read-only blocks whose drawing is real
 * work, GitHub-flavoured markdown and charts. Everything a person can press is ours.
 */
export function LibraryBlock({ block }: { readonly block: Fields }) {
  // The library checks nothing either and draws what it knows; its type for a block is the union of all shapes.
  const blocks = [block as LibraryBlockData];
  return <Message blocks={blocks} name="" logo="" withoutWrapper />;
}
