import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What is played for each picture. A scene gets a stage of its own (`pictures.mjs`) with a fresh demo behind it.
 * @type {Record<string, { flags?: string[], play: (stage: any) => Promise<void> }>}
 */
export const scenes = {
  status: {
    async play({ command, until, open, picture, phone }) {
      await command('status');
      const parent = await until(/Cilium on prod is/);
      await until(/^Nodes/);
      await open(parent);
      await picture('', { width: 1440, height: 1180 });
      await open();
      await picture('-phone', { ...phone, height: 1400 });
    },
  },
  'worker-killed': {
    async play({ ready, command, fault, until, open, picture }) {
      // A frozen kubelet keeps the reading under way long enough to kill the worker in the middle of it.
      await fault('cluster', 'agent', 'frozen');
      await command('status');
      const parent = await until(/running/);
      await sleep(1_500);
      process.kill(ready.pids.worker, 'SIGKILL');
      await until(/stopped answering/, 90_000);
      await until(/Cilium on prod is/, 90_000);
      await sleep(2_000);
      await open(parent);
      await picture('', { width: 1440, height: 1500 });
    },
  },
  'wrong-input': {
    async play({ command, open, picture }) {
      await open();
      await command('statsu prod');
      await command('status nowhere');
      await sleep(1_500);
      await picture();
    },
  },
};
