import { clip } from '../../src/cilium/facts/text.ts';
import type { PairLoss } from '../../src/cilium/probe/probe-loss.ts';
import type { Benched } from '../../src/cilium/switch/switch-bench.ts';
import {
  type SwitchEnd,
  switchedReport,
  undoneReport,
  unknownReport,
  untouchedReport,
} from '../../src/cilium/switch/switch-report.ts';
import type { JobResult } from '../../src/core/job.ts';
import type { Check } from '../../src/core/run/check.ts';
import type { Outcome } from '../../src/core/run/outcome.ts';
import type { Report } from '../../src/core/run/report.ts';
import type { Switching } from './switching.ts';

/** What was proven, and what it cost. */
export type Proven = { readonly checks: readonly Check[]; readonly losses: readonly PairLoss[] };

/** How a switch ends, each with its report and the data behind it. */
export function endings(switching: Switching) {
  const { context, work, seen } = switching;

  function endOf({ checks, losses }: Proven = { checks: [], losses: [] }): SwitchEnd {
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
      ...(seen.staleMtu === undefined ? {} : { staleMtu: seen.staleMtu }),
    };
  }

  function result(end: SwitchEnd, outcome: Outcome): JobResult {
    return { outcome, data: { schemaVersion: 1, ...end, proven: seen.proven } };
  }

  return {
    switched: (proven: Proven, bench: Benched | undefined): JobResult => {
      const plain = endOf(proven);
      const end = bench === undefined ? plain : { ...plain, bench };
      return result(end, { type: 'succeeded', report: switchedReport(end) });
    },
    undone: (why: string, proven: Proven): JobResult => {
      const end = endOf(proven);
      return result(end, { type: 'rolled-back', reason: clip(why, 1_000), report: undoneReport(end) });
    },
    unknown: (why: string): JobResult => {
      // A worker that took over has proven nothing yet, and must not say that nothing has happened.
      const before = seen.touched
        ? 'nothing since another worker took over: see the steps'
        : 'the state before the change';
      const lastProven = seen.proven.at(-1) ?? before;
      const end = endOf();
      const report: Report = unknownReport(end);
      return result(end, { type: 'unknown', since: end.asOf, lastProven, why: clip(why, 1_000), report });
    },
    untouched: (why: string): JobResult => {
      const end = endOf();
      const message = clip(`nothing was changed: ${why}`, 1_000);
      return result(end, { type: 'failed', code: 'NotChanged', message, report: untouchedReport(end, why) });
    },
    cancelled: (): JobResult =>
      result(endOf(), {
        type: 'cancelled',
        by: { user: context.by, external: false },
        reason: 'before anything was changed',
      }),
  };
}
