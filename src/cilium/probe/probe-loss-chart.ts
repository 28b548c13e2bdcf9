import { spanWords } from '../facts/disruption.ts';
import { clip, count } from '../facts/text.ts';
import { longestFirst, type PairLoss } from './probe-loss.ts';

/** Losses as a picture, before anybody draws it: every pair on a scale of seconds, and the worst nodes as a matrix. */
export type LossChart = {
  readonly title: string;
  readonly subtitle: string;
  /** Rows (who asked) and columns (who was asked) of the matrix, at most `MAX_NODES`. */
  readonly nodes: readonly string[];
  /** Indices into `nodes`. Pairs that were never asked have no cell. */
  readonly cells: readonly { readonly from: number; readonly to: number; readonly seconds: number }[];
  /** Longest loss of every pair, in seconds, also of those that the matrix leaves out; of very many, evenly chosen. */
  readonly pairs: { readonly seconds: readonly number[]; readonly words: string };
  readonly estimate: { readonly min: number; readonly max: number; readonly words: string };
  readonly altText: string;
};

/** Rows and columns that are still readable where Slack shows the picture 400 pixels wide. */
const MAX_NODES = 20;
/** Dots that can be told apart on one scale. */
const MAX_DOTS = 1_000;
const MAX_TOLD = 8;

export type Losses = {
  readonly title: string;
  readonly losses: readonly PairLoss[];
  /** What the plan had said, in seconds. */
  readonly estimateS: { readonly min: number; readonly max: number };
};

/** Undefined when nothing was lost: then there is nothing to see. */
export function lossChart({ title, losses, estimateS }: Losses): LossChart | undefined {
  const sorted = longestFirst(losses);
  const lossy = sorted.filter(({ longestGapMs }) => longestGapMs > 0);
  if (lossy.length === 0) return undefined;
  const nodes = shownNodes(sorted);
  const at = new Map(nodes.map((node, index) => [node, index]));
  const cells = sorted.flatMap(({ from, to, longestGapMs }) => {
    const [row, column] = [at.get(from), at.get(to)];
    return row === undefined || column === undefined ? [] : [{ from: row, to: column, seconds: longestGapMs / 1_000 }];
  });
  const everyNode = new Set(sorted.flatMap(({ from, to }) => [from, to])).size;
  const left = everyNode - nodes.length;
  const said = estimateS.max === 0 ? 'no loss' : spanWords(estimateS);
  const subtitle = [
    `${lossy.length} of ${count(sorted.length, 'pair')} lost something`,
    `the plan said ${said}`,
    ...(left > 0 ? [`the ${nodes.length} worst of ${count(everyNode, 'node')} as a matrix`] : []),
  ].join(' · ');
  return {
    title: clip(title, 140),
    subtitle,
    nodes,
    cells,
    pairs: dotsOf(sorted.map(({ longestGapMs }) => longestGapMs / 1_000)),
    estimate: { ...estimateS, words: said },
    altText: altTextOf(title, subtitle, lossy),
  };
}

/** The longest one is always among them. */
function dotsOf(longestFirst: readonly number[]): LossChart['pairs'] {
  const step = Math.ceil(longestFirst.length / MAX_DOTS);
  const seconds = longestFirst.filter((_, at) => at % step === 0);
  return { seconds, words: step === 1 ? 'Every pair' : `Every ${step}th pair, by length` };
}

/** All of them, in their order; of more than fit, those of the longest losses. */
function shownNodes(losses: readonly PairLoss[]): readonly string[] {
  const worst = [...new Set(losses.flatMap(({ from, to }) => [from, to]))].slice(0, MAX_NODES);
  return worst.toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true }));
}

function altTextOf(title: string, subtitle: string, lossy: readonly PairLoss[]): string {
  const told = lossy
    .slice(0, MAX_TOLD)
    .map(({ from, to, longestGapMs }) => `${from} to ${to} ${(longestGapMs / 1_000).toFixed(1)} s`);
  const more = lossy.length > MAX_TOLD ? `, and ${count(lossy.length - MAX_TOLD, 'pair')} less` : '';
  return clip(`Heat map. ${title}: ${subtitle}. Longest loss of ${told.join(', ')}${more}.`, 1_000);
}
