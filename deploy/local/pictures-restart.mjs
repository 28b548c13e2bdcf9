import { setTimeout as sleep } from 'node:timers/promises';

/** Scenes of `restart unmanaged`: the card, the work, the end; and a budget that lets nobody go. */

const TALL = { width: 1440, height: 1180 };
const ASK = 'restart unmanaged prod -n legacy --reason "policies do not apply to legacy, CHG-4712"';

export const restartScenes = {
  'restart-unmanaged': {
    async play({ command, fault, press, until, open, picture }) {
      await command(ASK);
      const card = await until(/needs 2 approvals/);
      await sleep(2_000);
      await open(card, 'lee');
      await picture('-plan', TALL);
      // Slow enough to be seen at work.
      await fault('cluster', 'api', 'slow');
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/⏳ \W*(Deployment|StatefulSet) legacy/u, 60_000);
      await open(card, 'lee');
      await picture('-progress', TALL);
      await fault('cluster', 'api', 'off');
      await until(/pods restarted under Cilium/, 120_000);
      await sleep(3_000);
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
  'restart-blocked': {
    async play({ command, fault, until, open, picture }) {
      await fault('cluster', 'budget', 'blocks');
      await sleep(1_000);
      await command(ASK);
      const card = await until(/needs 2 approvals/);
      await sleep(2_000);
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
};
