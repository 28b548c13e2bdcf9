import { OpsError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { Glance } from '../../core/ports/home.ts';
import type { RunStore } from '../../core/ports/ports.ts';
import type { Run } from '../../core/run/run.ts';
import { glance } from '../answers/run-summary.ts';
import { loadRun } from '../record.ts';

/** Looked at, newest first. What is older is in the audit export. */
const LOOK_AT = 200;
const AT_ONCE = 20;

/** The last runs as glances. Ended ones never change, so each is read once in the life of this process. */
export function createHomeRuns(runs: RunStore): () => Promise<readonly Glance[]> {
  let ended = new Map<RunId, Glance>();
  return async () => {
    const recent = await runs.recent({ limit: LOOK_AT });
    const found: Glance[] = [];
    for (let from = 0; from < recent.length; from += AT_ONCE) {
      const ids = recent.slice(from, from + AT_ONCE).map(({ run }) => run);
      const glances = await Promise.all(ids.map(async (id) => ended.get(id) ?? read(runs, id)));
      found.push(...glances.filter((each) => each !== undefined));
    }
    // Only what is still among the last ones is kept.
    ended = new Map(found.filter((each) => each.open === undefined).map((each) => [each.run, each]));
    return found;
  };
}

/** One that was removed meanwhile, or that a newer version wrote, is left out. */
async function read(runs: RunStore, id: RunId): Promise<Glance | undefined> {
  try {
    return glanceOf(await loadRun(runs, id));
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code !== 'StoreUnavailable') return undefined;
    throw thrown;
  }
}

function glanceOf(run: Run): Glance {
  const { request } = run;
  return {
    run: request.run,
    cluster: request.cluster,
    command: request.command,
    typed: request.text === '' ? request.command : request.text,
    by: request.by,
    origin: request.origin,
    at: request.at,
    changedAt: run.lastEventAt,
    voters: run.votes.map((vote) => vote.by),
    ...glance(run),
    ...(run.now.state === 'ended' ? {} : { open: run }),
  };
}
