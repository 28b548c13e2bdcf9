import { readConfig, readDaemonSet } from '../reading/installation.ts';
import { countStale } from '../reading/stale-pods.ts';
import { isOver } from './patience.ts';
import { readingOf, type Switching } from './switching.ts';

/** Once the end is kept: how many running pods keep the route MTU of before. Worth knowing, never worth failing for. */
export async function noteStale({ context, seen }: Switching): Promise<void> {
  const reading = readingOf(context);
  try {
    const daemonSet = await readDaemonSet(reading);
    if (daemonSet === undefined) return;
    const config = await readConfig(reading, daemonSet.metadata.namespace);
    seen.staleMtu = await countStale(reading, daemonSet, config, context.probes?.namespace);
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (isOver(thrown)) throw thrown;
    context.log.warn({ err: thrown }, 'pods with a stale route MTU could not be counted');
  }
}
