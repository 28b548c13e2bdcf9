import { type Args, refuse } from './method.ts';

/**
 * Cursor pagination as Slack has it: an opaque cursor, `next_cursor` empty on the last page.
 * @throws Refusal invalid_cursor, invalid_limit
 */
export function paginate<T>(
  items: readonly T[],
  args: Args,
  { fallback, max }: { fallback: number; max: number },
): { readonly page: readonly T[]; readonly nextCursor: string } {
  const limit = args.has('limit') ? args.integer('limit', Number.NaN) : fallback;
  if (Number.isNaN(limit) || limit < 0 || limit > max) refuse('invalid_limit');
  const size = limit === 0 ? fallback : limit;
  const start = decodeCursor(args.text('cursor'), items.length);
  const end = start + size;
  const nextCursor = end < items.length ? Buffer.from(`next:${end}`).toString('base64') : '';
  return { page: items.slice(start, end), nextCursor };
}

function decodeCursor(cursor: string, length: number): number {
  if (cursor === '') return 0;
  const match = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'));
  const start = Number(match?.[1] ?? Number.NaN);
  if (Number.isNaN(start) || start > length) refuse('invalid_cursor');
  return start;
}
