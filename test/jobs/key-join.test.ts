import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftOnly, leftOnlyOfSets, OutOfOrder } from '../../jobs/reading/key-join.ts';

async function* pagesOf(...pages: readonly (readonly string[])[]): AsyncGenerator<readonly string[], void, void> {
  yield* pages;
}

/** The list in pages of `size`, with an empty page before, as a server gives one when a selector leaves nothing. */
function paged(keys: readonly string[], size: number): AsyncGenerator<readonly string[], void, void> {
  const pages = Array.from({ length: Math.ceil(keys.length / size) }, (_, index) =>
    keys.slice(index * size, (index + 1) * size),
  );
  return pagesOf([], ...pages);
}

const keys = fc.uniqueArray(fc.constantFrom(...Array.from({ length: 60 }, (_, n) => `team-${n % 7}/pod-${n}`)), {
  maxLength: 60,
});

describe('keys that only the left of two lists has', () => {
  it('finds what two sets would, whatever the pages', async () => {
    const sizes = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(keys, keys, sizes, sizes, async (left, right, leftSize, rightSize) => {
        const [sortedLeft, sortedRight] = [left.toSorted(), right.toSorted()];
        const want = sortedLeft.filter((key) => !right.includes(key));

        const found = await leftOnly(paged(sortedLeft, leftSize), paged(sortedRight, rightSize), 5);

        expect(found).toEqual({ keys: want.slice(0, 5), total: want.length, left: left.length });
      }),
    );
  });

  it.each([
    { when: 'the left list goes back', left: [['b'], ['a']], right: [['a']] },
    { when: 'the right list goes back within a page', left: [['a', 'c']], right: [['b', 'a', 'c']] },
    { when: 'a key comes twice', left: [['a', 'b', 'b']], right: [['a', 'b']] },
  ])('does not trust the order when $when', async ({ left, right }) => {
    await expect(leftOnly(pagesOf(...left), pagesOf(...right), 5)).rejects.toBeInstanceOf(OutOfOrder);

    const found = await leftOnlyOfSets(pagesOf(...left), pagesOf(...right), 5);

    expect(found.total).toBe(left.flat().includes('b') && !right.flat().includes('b') ? 1 : 0);
  });

  it('raises what reading a page raises, and closes both lists', async () => {
    const closed: string[] = [];
    async function* broken(): AsyncGenerator<readonly string[], void, void> {
      try {
        yield ['a'];
        throw new Error('the server is gone');
      } finally {
        closed.push('broken');
      }
    }
    async function* endless(): AsyncGenerator<readonly string[], void, void> {
      try {
        for (let page = 0; ; page += 1) yield [`b${String(page).padStart(6, '0')}`];
      } finally {
        closed.push('endless');
      }
    }

    await expect(leftOnly(endless(), broken(), 5)).rejects.toThrow('the server is gone');

    expect(closed.toSorted()).toEqual(['broken', 'endless']);
  });
});
