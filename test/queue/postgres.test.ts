import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState } from '../../src/store/open-state.ts';
import { queueContract } from '../contract/queue.contract.ts';
import { silentLog } from '../support/run-events.ts';

queueContract('embedded Postgres', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  const opened = await openState({ dataDir: join(folder, 'data'), log: silentLog, embedded: 'postgres' });
  return {
    url: opened.url,
    stop: async () => {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
