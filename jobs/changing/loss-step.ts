import type { PairLoss } from '../../src/cilium/probe/probe-loss.ts';
import { lossChart } from '../../src/cilium/probe/probe-loss-chart.ts';
import { targetWords } from '../../src/cilium/switch/switch-work.ts';
import type { Artifact } from '../../src/core/job.ts';
import type { Probes } from './probe-step.ts';
import type { Step, Switching } from './switching.ts';

/** What the switch cost between the nodes, with its picture. Worth knowing, and never worth failing for. */
export async function* lossStep(switching: Switching, { losses }: Pick<Probes, 'losses'>): Step<readonly PairLoss[]> {
  const { context } = switching;
  try {
    const found = await losses();
    const picture = await pictureOf(switching, found);
    if (picture !== undefined) yield { type: 'made', artifact: picture };
    return found;
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    context.log.warn({ err: thrown }, 'losses could not be read');
    return [];
  }
}

async function pictureOf(
  { context, work, cluster }: Switching,
  losses: readonly PairLoss[],
): Promise<Artifact | undefined> {
  const title = `${cluster}: loss between nodes, ${targetWords(work.from)} to ${targetWords(work.to)}`;
  const chart = lossChart({ title, losses, estimateS: work.estimateS });
  if (chart === undefined) return undefined;
  try {
    // Loaded here: nobody but a worker at the end of a change needs the renderer.
    const [{ toPng }, { lossDrawing }] = await Promise.all([
      import('../benchmarking/draw-chart.ts'),
      import('./loss-option.ts'),
    ]);
    const bytes = await toPng(lossDrawing(chart));
    return { name: 'loss.png', title: chart.title, mimetype: 'image/png', bytes, altText: chart.altText };
  } catch (thrown: unknown) {
    context.log.error({ err: thrown }, 'the picture of the losses could not be drawn');
    return undefined;
  }
}
