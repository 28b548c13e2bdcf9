import { gzipSync } from 'node:zlib';
import { OpsError } from '../../core/errors.ts';
import type { Artifact, Progress } from '../../core/job.ts';
import type { Processed } from '../../core/ports/ports.ts';
import type { RunEvent, RunEventOf } from '../../core/run/events.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import { RESULT_FILE, RESULT_FILE_GZ } from '../../core/run/result-file.ts';
import type { Run } from '../../core/run/run.ts';
import { record } from '../record.ts';
import { wakeRenderer } from '../wake.ts';
import type { ExecuteDeps } from './executing.ts';

/** Between two `counted` events of one step: an event per agent would be thousands, and each is an append and a render. */
const COUNT_SPACING_MS = 500;
const MAX_ARTIFACT_BYTES = 1_048_576;

type Counted = Omit<RunEventOf<'counted'>, 'at' | 'attempt'>;

export type Attempt = ReturnType<typeof createAttempt>;

/**
 * Everything an attempt writes goes through here: in order, under its own number, with a render after it.
 * Every method @throws OpsError Superseded when another worker has taken the run over or it has ended.
 */
export function createAttempt(deps: ExecuteDeps, from: Run) {
  const id = from.request.run;
  const number = from.attempt + 1;
  let run = from;
  const counts = createCountThrottle();

  async function append(event: RunEvent): Promise<void> {
    const recorded = await record(deps.state.runs, id, event, run);
    if (!recorded.ok) throw new OpsError('Superseded', recorded.why);
    run = recorded.run;
    await wakeRenderer(deps.queues, id, event.type).catch((thrown: unknown) => {
      // The event is what counts, and it is on record: the next one, or the sweep, brings the thread up.
      deps.log.debug({ err: thrown, run: id }, 'render not queued yet');
    });
  }

  const stamp = (at?: string) => ({ at: at ?? now(deps), attempt: number });

  return {
    number,
    append,
    /** Who asked to stop, as far as this attempt has seen: its own appends bring the news. */
    cancelledBy: () => run.cancel?.by,
    /** The title of the step that was under way last. */
    lastStep: () => run.steps.findLast((step) => step.state === 'running')?.title,
    /** The run as this attempt knows it: it has seen everything up to its own last append. */
    known: () => run,
    /** `at` when it happened, if that was before now. */
    async progress(progress: Exclude<Progress, { type: 'made' }>, at?: string): Promise<void> {
      const nowMs = deps.clock.now().getTime();
      if (progress.type === 'counted') {
        if (counts.take(progress, nowMs)) await append({ ...progress, ...stamp(at) });
        return;
      }
      const left = progress.type === 'step-ended' ? counts.flush(progress.step) : undefined;
      if (left) await append({ ...left, ...stamp(at) });
      await append({ ...progress, ...stamp(at) });
    },
    async keep({ bytes, ...artifact }: Artifact): Promise<void> {
      const key = `${id}/${artifact.name}`;
      await deps.state.blobs.put(key, bytes);
      await append({ type: 'artifact', ...stamp(), key, sizeBytes: bytes.byteLength, ...artifact });
    },
    async end(outcome: Outcome): Promise<Processed> {
      await append({ type: 'ended', at: now(deps), outcome });
      return { type: 'done' };
    },
  };
}

/** Lets a step's first and last count through, and of the others one per `COUNT_SPACING_MS`. */
function createCountThrottle() {
  const steps = new Map<string, { readonly atMs: number; readonly held?: Counted }>();
  return {
    take(counted: Counted, nowMs: number): boolean {
      const known = steps.get(counted.step);
      const due = known === undefined || nowMs - known.atMs >= COUNT_SPACING_MS || counted.done >= counted.total;
      steps.set(counted.step, due ? { atMs: nowMs } : { atMs: known.atMs, held: counted });
      return due;
    },
    /** What was held back last: how far a step came that ends before its count does. */
    flush(step: string): Counted | undefined {
      const { held } = steps.get(step) ?? {};
      steps.delete(step);
      return held;
    },
  };
}

/** The whole result as a file; smaller in steps where it would not fit, undefined when nothing helps. */
export function resultFile(data: unknown): Artifact | undefined {
  const title = 'Result (JSON)';
  const mimetype = 'application/json';
  const encoder = new TextEncoder();
  for (const indent of [2, 0]) {
    const bytes = encoder.encode(asJson(data, indent));
    if (bytes.byteLength <= MAX_ARTIFACT_BYTES) return { name: RESULT_FILE, title, mimetype, bytes };
  }
  const bytes = new Uint8Array(gzipSync(asJson(data, 0)));
  if (bytes.byteLength > MAX_ARTIFACT_BYTES) return undefined;
  return { name: RESULT_FILE_GZ, title: 'Result (JSON, gzip)', mimetype: 'application/gzip', bytes };
}

/** There is no JSON for undefined. */
function asJson(data: unknown, indent: number): string {
  return JSON.stringify(data === undefined ? null : data, null, indent);
}

export function now(deps: Pick<ExecuteDeps, 'clock'>): string {
  return deps.clock.now().toISOString();
}
