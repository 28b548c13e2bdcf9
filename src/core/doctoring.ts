import { z } from 'zod';
import { median } from './benchmark/benchmark.ts';
import { SECOND_MS } from './clock.ts';
import { toOpsError } from './errors.ts';
import { Check, type Verdict } from './run/check.ts';

/** Checks about one part of the installation: Slack, the store, the queue, a cluster. */
export const CheckGroup = z
  .object({ title: z.string().max(100), checks: z.array(Check).max(80).readonly() })
  .readonly();
export type CheckGroup = z.infer<typeof CheckGroup>;

/** How a worker reaches a cluster, told by the connection itself rather than by the API. */
export type ConnectionSigns = {
  /** Host and port. */
  readonly server: string;
  /** `client certificate until 2027-01-01`, `service account token`: how we say who we are. */
  readonly credentials: string;
  readonly certificateEnds?: Date;
  /** As the API server knows us; undefined where it does not tell (before Kubernetes 1.28). */
  readonly user?: string;
  /** Of the requests that were answered. */
  readonly roundTripsMs: readonly number[];
  /** What the server's clock said, and ours at the middle of the same request; its resolution is a second. */
  readonly clock?: { readonly theirs: Date; readonly ours: Date };
};

/** What a job cannot ask a cluster: given by the composition, which knows this process and its surroundings. */
export type SelfChecks = {
  /** Slack, configuration, store, queue, helm. Each part has its own deadline; never rejects. */
  readonly groups: (signal: AbortSignal) => Promise<readonly CheckGroup[]>;
  /** @throws OpsError of the cluster */
  readonly connection: (signal: AbortSignal) => Promise<ConnectionSigns>;
  /** Whether anybody may ask for this command on this cluster: what nobody may do needs no rights. */
  readonly permits: (command: string, risk: 'probe' | 'change') => boolean;
};

type Answer = Omit<Check, 'id' | 'title' | 'fix' | 'accepted'> & { readonly fix?: string };

/** A check whose words are cut to what a Check may hold: they quote other people's errors. */
export function checkOf(id: string, title: string, { verdict, evidence, why, fix = '' }: Answer): Check {
  return {
    id,
    title: cut(title, 100),
    verdict,
    evidence: cut(evidence, 600),
    why: cut(why, 400),
    fix: cut(fix, 400),
  };
}

/** What became of a question that could not be asked: its error is the evidence, and the next step the fix. */
export function checkOfError(
  { id, title, why, verdict }: Pick<Check, 'id' | 'title' | 'why'> & { readonly verdict: Verdict },
  thrown: unknown,
): Check {
  const { message, nextStep } = toOpsError(thrown);
  return checkOf(id, title, { verdict, evidence: message, why, ...(nextStep === undefined ? {} : { fix: nextStep }) });
}

function cut(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}

/** The median of durations, with one digit below 10 ms: `0.4 ms`, `23 ms`. */
export function medianWords(valuesMs: readonly number[]): string {
  const middle = median(valuesMs);
  return middle < 10 ? `${middle.toFixed(1)} ms` : `${Math.round(middle)} ms`;
}

/** The more, the worse: above `warn` a warning, above `fail` a failure. */
export function graded(value: number, { warn, fail }: { readonly warn: number; readonly fail: number }): Verdict {
  if (value > fail) return 'fail';
  return value > warn ? 'warn' : 'pass';
}

/** How long something has lasted: `45 s`, `12 min`, `5 h`. */
export function ageWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
