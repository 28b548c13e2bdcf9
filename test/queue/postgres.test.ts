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
      // The backends outlive a killed postmaster for a moment, and would still answer: all of it goes at once.
      for (const each of [Number(pid), ...(await childrenOf(Number(pid)))]) kill(each);
      await whileDown();
      opened.push(await open());
    },
  };
});

/** Linux tells the children of a process; elsewhere the postmaster alone has to do. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return listed.trim().split(' ').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
