/**
 * Exact two-sided p of the Mann-Whitney U test: of all ways to deal the same values into two groups of these sizes, the
 * share that lies at least as far from the middle. Ties get middle ranks, and stay exact because the dealing is counted,
 * not looked up. 1 when a side is empty.
 */
export function mannWhitneyP(left: readonly number[], right: readonly number[]): number {
  if (left.length === 0 || right.length === 0) return 1;
  const ranks = doubledRanks([...left, ...right]);
  const ways = waysBySum(ranks, left.length);
  const observed = ranks.slice(0, left.length).reduce((sum, rank) => sum + rank, 0);
  // The mean of the doubled rank sum: 2 · n1 · (N + 1) / 2.
  const middle = left.length * (ranks.length + 1);
  let all = 0;
  let asFar = 0;
  for (const [sum, count] of ways) {
    all += count;
    if (Math.abs(sum - middle) >= Math.abs(observed - middle)) asFar += count;
  }
  return asFar / all;
}

/** Twice the middle rank of each value, so that ranks of ties are whole numbers. */
function doubledRanks(values: readonly number[]): readonly number[] {
  return values.map((value) => {
    const smaller = values.filter((each) => each < value).length;
    const same = values.filter((each) => each === value).length;
    return 2 * smaller + same + 1;
  });
}

/** How many choices of `size` of the ranks have each sum. Counts stay exact up to 50 values. */
function waysBySum(ranks: readonly number[], size: number): ReadonlyMap<number, number> {
  const bySize: Map<number, number>[] = Array.from({ length: size + 1 }, () => new Map<number, number>());
  bySize[0]?.set(0, 1);
  for (const rank of ranks) {
    for (let taken = size; taken > 0; taken -= 1) {
      for (const [sum, count] of bySize[taken - 1] ?? []) {
        const target = bySize[taken];
        target?.set(sum + rank, (target.get(sum + rank) ?? 0) + count);
      }
    }
  }
  return bySize[size] ?? new Map();
}
