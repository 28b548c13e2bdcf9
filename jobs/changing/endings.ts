import type { PairLoss } from '../../src/cilium/probe-loss.ts';
import type { Benched } from '../../src/cilium/switch-bench.ts';
import {
  type SwitchEnd,
  switchedReport,
  undoneReport,
  unknownReport,
  untouchedReport,
} from '../../src/cilium/switch-report.ts';
import { clip } from '../../src/cilium/text.ts';
import type { Check } from '../../src/core/check.ts';
import type { JobResult } from '../../src/core/job.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Report } from '../../src/core/report.ts';
import type { Switching } from './switching.ts';

type Measured = { readonly losses: () => Promise<readonly PairLoss[]> };

/** How a switch ends, each with its report and the data behind it. */
export function endings(switching: Switching) {
  const { context, work, seen } = switching;

  function endOf(checks: readonly Check[], losses: readonly PairLoss[]): SwitchEnd {
    const now = context.clock.now();
    return {
      cluster: switching.cluster,
      run: context.run,
      work,
      asOf: now.toISOString(),
      tookMs: now.getTime() - switching.startedMs,
      checks,
      losses,
      revision: seen.revision,
    };
  }

  function result(end: SwitchEnd, outcome: Outcome): JobResult {
    return { outcome, data: { schemaVersion: 1, ...end, proven: seen.proven } };
  }

  return {
    switched: async (checks: readonly Check[], probes: Measured, bench: Benched | undefined): Promise<JobResult> => {
      const plain = endOf(checks, await measured(probes));
      const end = bench === undefined ? plain : { ...plain, bench };
      return result(end, { type: 'succeeded', report: switchedReport(end) });
    },
    undone: async (why: string, checks: readonly Check[], probes: Measured): Promise<JobResult> => {
      const end = endOf(checks, await measured(probes));
      return result(end, { type: 'rolled-back', reason: clip(why, 1_000), report: undoneReport(end) });
    },
    unknown: (why: string): JobResult => {
      // A worker that took over has proven nothing yet, and must not say that nothing has happened.
      const before = seen.touched
        ? 'nothing since another worker took over: see the steps'
        : 'the state before the change';
      const lastProven = seen.proven.at(-1) ?? before;
      const end = endOf([], []);
      const report: Report = unknownReport(end);
      return result(end, { type: 'unknown', since: end.asOf, lastProven, why: clip(why, 1_000), report });
    },
    untouched: (why: string): JobResult => {
      const end = endOf([], []);
      const message = clip(`nothing was changed: ${why}`, 1_000);
      return result(end, { type: 'failed', code: 'NotChanged', message, report: untouchedReport(end, why) });
    },
    cancelled: (): JobResult =>
      result(endOf([], []), {
        type: 'cancelled',
        by: { user: context.by, external: false },
        reason: 'before anything was changed',
      }),
  };

  /** What it cost is worth knowing, and never worth failing for. */
  async function measured(probes: Measured): Promise<readonly PairLoss[]> {
    try {
      return await probes.losses();
    } catch (thrown: unknown) {
      context.signal.throwIfAborted();
      context.log.warn({ err: thrown }, 'losses could not be read');
      return [];
    }
  }
}
