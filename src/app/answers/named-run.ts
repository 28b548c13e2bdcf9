import { OpsError } from '../../core/errors.ts';
import { RunId } from '../../core/ids.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';
import type { AnswerContext } from './answer.ts';

export type NamedRun = { readonly ok: true; readonly run: Run } | { readonly ok: false; readonly reply: Reply };

/**
 * The run that was typed. A run of a cluster that may not be used from here looks like one that does not exist.
 * @throws OpsError StoreUnavailable
 */
export async function namedRun(
  typed: unknown,
  { state, mayUse }: Pick<AnswerContext, 'state' | 'mayUse'>,
): Promise<NamedRun> {
  // Ids are read aloud and typed on phones: capitals are fine.
  const id = RunId.safeParse(typeof typed === 'string' ? typed.toLowerCase() : typed);
  if (!id.success)
    return {
      ok: false,
      reply: reply('warn', 'Which run? A run id looks like run-7f3k2q and stands on every message'),
    };
  const run = await loadRun(state.runs, id.data).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code === 'UnknownRun') return undefined;
    throw thrown;
  });
  if (run && mayUse(run.request.cluster)) return { ok: true, run };
  const lines = [{ text: 'Runs are kept for a limited time, and belong to the channels of their cluster' }];
  return { ok: false, reply: reply('warn', `There is no run ${id.data} here`, { lines }) };
}
