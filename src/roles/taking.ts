import type { ClusterName } from '../core/ids.ts';
import type { Consuming, Log } from '../core/ports/ports.ts';

/** Brings what this worker takes work for to what it is to serve. A cluster that is gone ends what is under way first. */
export function createTaking(log: Log, take: (name: ClusterName) => Promise<Consuming>) {
  const taken = new Map<ClusterName, Consuming>();
  return async (served: readonly ClusterName[]): Promise<void> => {
    const wanted = new Set(served);
    for (const [name, consuming] of taken) {
      if (wanted.has(name)) continue;
      taken.delete(name);
      // Not waited for: a change may take an hour, and the other clusters are not to.
      consuming.release().catch((thrown: unknown) => log.warn({ err: thrown, cluster: name }, 'lane not released'));
    }
    for (const name of wanted) if (!taken.has(name)) taken.set(name, await take(name));
  };
}
