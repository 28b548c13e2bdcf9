import { ClusterName } from '../../src/core/ids.ts';
import { createConsumers } from '../../src/queue/consumers.ts';
import { openState } from '../../src/store/open-state.ts';
import { silentLog } from './run-events.ts';

/* A worker of its own that takes one job and never ends it: to be killed. Arguments: state URL, cluster. */
const [, , url = '', cluster = ''] = process.argv;
const { queueConnection } = await openState({ url, dataDir: '', log: silentLog });
const consumers = await createConsumers(queueConnection, {
  log: silentLog,
  timing: { lockMs: 1_000, stalledCheckMs: 500 },
});
await consumers.consume({ type: 'change', cluster: ClusterName.parse(cluster) }, 1, (run) => {
  process.stdout.write(`has ${run}\n`);
  return new Promise(() => undefined);
});
