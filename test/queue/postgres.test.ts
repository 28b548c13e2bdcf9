import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState } from '../../src/store/open-state.ts';
import { queueContract } from '../contract/queue.contract.ts';
import { silentLog } from '../support/run-events.ts';

queueContract('embedded Postgres', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  const dataDir = join(folder, 'data');
  const open = () => openState({ dataDir, log: silentLog, embedded: 'postgres' });
  const opened = [await open()];
  return {
    url: opened[0]?.url ?? '',
    stop: async () => {
      for (const state of opened) await state.close();
      await rm(folder, { recursive: true, force: true });
    },
    outage: async (whileDown) => {
      const [pid] = (await readFile(join(dataDir, 'pg', 'postmaster.pid'), 'utf8')).split('\n');
      process.kill(Number(pid), 'SIGKILL');
      await whileDown();
      opened.push(await open());
    },
  };
});
