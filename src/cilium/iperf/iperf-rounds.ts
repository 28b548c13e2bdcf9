export type NodePair = { readonly from: string; readonly to: string };

/**
 * Every two nodes once, in rounds in which no node appears twice, so that no measurement disturbs another: n − 1 rounds
 * of n/2 pairs, one round more for an odd number (somebody sits out each time). Round-robin by the circle method.
 */
export function roundsOf(nodes: readonly string[]): readonly (readonly NodePair[])[] {
  const circle: (string | undefined)[] = nodes.length % 2 === 0 ? [...nodes] : [...nodes, undefined];
  const [fixed, ...turning] = circle;
  if (turning.length === 0) return [];
  return turning.map((_, round) => {
    const seats = [fixed, ...turning.slice(round), ...turning.slice(0, round)];
    const half = seats.length / 2;
    return seats.slice(0, half).flatMap((left, index) => {
      const right = seats[seats.length - 1 - index];
      if (left === undefined || right === undefined) return [];
      // Whoever stands first among the nodes sends, whatever the round.
      return [nodes.indexOf(left) < nodes.indexOf(right) ? { from: left, to: right } : { from: right, to: left }];
    });
  });
}
