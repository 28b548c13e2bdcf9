/**
 * Keys that only the left of two lists has, where both come page by page in key order, as etcd gives them: a page of
 * each is held, whatever the size of the lists. A server that answers in another order is noticed, not trusted.
 */
export type KeyPages = AsyncIterable<readonly string[]>;

export class OutOfOrder extends Error {
  constructor(key: string, after: string) {
    super(`${key} came after ${after}: the list is not in key order`);
    this.name = 'OutOfOrder';
  }
}

export type LeftOnly = {
  /** The first `keep` of them. */
  readonly keys: readonly string[];
  readonly total: number;
  /** Keys of the left list, in all. */
  readonly left: number;
};

/** @throws OutOfOrder; whatever reading a page throws */
export async function leftOnly(leftPages: KeyPages, rightPages: KeyPages, keep: number): Promise<LeftOnly> {
  const left = createCursor(leftPages);
  const right = createCursor(rightPages);
  const keys: string[] = [];
  let total = 0;
  try {
    for (let key = await left.key(); key !== undefined; key = await left.key()) {
      left.next();
      if (await passes(right, key)) continue;
      total += 1;
      if (keys.length < keep) keys.push(key);
    }
    return { keys, total, left: left.passed() };
  } finally {
    await Promise.allSettled([left.close(), right.close()]);
  }
}

/** Goes on to behind `wanted` and tells whether it was there. */
async function passes(cursor: Cursor, wanted: string): Promise<boolean> {
  for (let key = await cursor.key(); key !== undefined && key <= wanted; key = await cursor.key()) {
    cursor.next();
    if (key === wanted) return true;
  }
  return false;
}

/** The same for lists in any order: holds all keys of both. */
export async function leftOnlyOfSets(leftPages: KeyPages, rightPages: KeyPages, keep: number): Promise<LeftOnly> {
  const [left, right] = await Promise.all([setOf(leftPages), setOf(rightPages)]);
  const found = [...left].filter((key) => !right.has(key));
  return { keys: found.slice(0, keep), total: found.length, left: left.size };
}

async function setOf(pages: KeyPages): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const page of pages) for (const key of page) keys.add(key);
  return keys;
}

/** A place in a list. */
type Cursor = {
  /** The present key; undefined at the end. @throws OutOfOrder */
  readonly key: () => Promise<string | undefined>;
  readonly next: () => void;
  /** Keys that lie behind. */
  readonly passed: () => number;
  readonly close: () => Promise<void>;
};

/** The next page is asked for while the present one is being walked. */
function createCursor(pages: KeyPages): Cursor {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly string[] = [];
  let at = 0;
  let passed = 0;
  let last: string | undefined;
  let coming = ask();

  function ask(): Promise<IteratorResult<readonly string[], unknown>> {
    const asked = iterator.next();
    // Raised where it is awaited; a join that ended early does not await it.
    asked.catch(() => undefined);
    return asked;
  }

  return {
    key: async () => {
      while (at >= page.length) {
        const turned = await coming;
        if (turned.done === true) return undefined;
        page = turned.value;
        at = 0;
        last = checkOrder(page, last);
        coming = ask();
      }
      return page[at];
    },
    next: () => {
      at += 1;
      passed += 1;
    },
    passed: () => passed,
    close: async () => {
      await iterator.return?.();
    },
  };
}

/** A key that comes twice would be told as one without a partner: it counts as disorder. @throws OutOfOrder */
function checkOrder(page: readonly string[], before: string | undefined): string | undefined {
  let last = before;
  for (const key of page) {
    if (last !== undefined && key <= last) throw new OutOfOrder(key, last);
    last = key;
  }
  return last;
}
