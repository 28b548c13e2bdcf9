import type { StaleMtu } from '../../src/cilium/restart/stale-mtu.ts';
import type { RoutingTarget, SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import type { Benchmark } from '../../src/core/benchmark/benchmark.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext, Progress } from '../../src/core/job.ts';
import type { Reading } from '../reading/reading.ts';

/** One attempt at a switch, and the little it remembers. Everything that must survive it is read from the cluster. */
export type Switching = {
  readonly context: ChangeContext;
  readonly work: SwitchWork;
  readonly cluster: string;
  readonly startedMs: number;
  readonly seen: Seen;
};

/** What this attempt has done and proven so far. */
export type Seen = {
  /** Anything was written that agents would read, by this attempt or an earlier one. */
  touched: boolean;
  /** In words, newest last: what a person may rely on when the rest is unknown. */
  readonly proven: string[];
  revision: number | undefined;
  /** When Helm last wrote the settings, by the clock of the API server: younger pods have read them. */
  sinceMs: number | undefined;
  /** Throughput before the change, where it was asked for; what cannot be measured is said and holds nothing up. */
  throughput?: Benchmark | undefined;
  /** Running pods that keep the route MTU of before, on agents that leave it alone. */
  staleMtu?: StaleMtu | undefined;
};

/** How a step ended that may fail for reasons people should read. */
export type StepEnd =
  | { readonly type: 'ok' }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly why: string };

export type Step<End = StepEnd> = AsyncGenerator<Progress, End, void>;

/** Why a switch that was stopped was stopped. */
export function stopWords({ context }: Pick<Switching, 'context'>): string {
  const because = context.stoppedBecause?.();
  return because === undefined ? 'stopped on request' : `stopped: ${because}`;
}

/** A direction: forward to what was approved, or back to what was there before. */
export type Heading = {
  readonly way: 'forward' | 'back';
  readonly target: RoutingTarget;
  readonly values: SwitchWork['set'];
  /** Before the names of its steps, which are recorded. */
  readonly prefix: '' | 'back-';
};

export function forward({ to, set }: SwitchWork): Heading {
  return { way: 'forward', target: to, values: set, prefix: '' };
}

export function backwards({ from, old }: SwitchWork): Heading {
  return { way: 'back', target: from, values: old, prefix: 'back-' };
}

export function readingOf({ cluster, log, signal, clock }: ChangeContext): Reading {
  return { cluster, log, cancel: signal, signal, now: clock.now, miss: () => undefined };
}

/** For reading parts that must not be missing: what could not be read is thrown instead of noted. */
export function strictReading(context: ChangeContext): Reading {
  return {
    ...readingOf(context),
    miss: ({ part, why }) => {
      throw new OpsError('ClusterUnreachable', `${part}: ${why}`);
    },
  };
}

/**
 * Passes on what `inner` yields. An error that the reader throws in at a `yield` (the record was refused: another worker
 * goes on) ends it there and then, and is never mistaken for a failure of the change itself.
 */
export async function* sealed<End>(inner: Step<End>): Step<End> {
  for (;;) {
    const next = await inner.next();
    if (next.done === true) return next.value;
    yield next.value;
  }
}
