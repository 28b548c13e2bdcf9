import { openState } from '../../src/store/open-state.ts';
import { silentLog } from './run-events.ts';

/* A process of its own that opens the embedded state, says where it is, and closes it on SIGTERM. Arguments: folder, kind. */
const [, , dataDir = '', kind] = process.argv;
const embedded = kind === 'redis' ? 'redis' : 'postgres';
const state = await openState({ dataDir, embedded, log: silentLog });
process.stdout.write(`${state.url}\n`);
const alive = setInterval(() => undefined, 60_000);
process.once('SIGTERM', () => {
  clearInterval(alive);
  void state.close();
});
