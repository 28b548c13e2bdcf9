import { setTimeout as sleep } from 'node:timers/promises';

/** Scenes of `restart unmanaged`: the card, the work, the end; a budget that lets nobody go, before and at work. */

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
      await until(/[12]\/3/u, 120_000);
      await open(card, 'lee');
      await picture('-progress', TALL);
      await fault('cluster', 'api', 'off');
      await until(/pods restarted under Cilium/, 120_000);
      await sleep(3_000);
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
  'restart-waits': {
    async play({ command, fault, press, until, open, picture }) {
      await command(ASK);
      const card = await until(/needs 2 approvals/);
      await press('Approve', 'lee');
      await fault('cluster', 'api', 'slow');
      await press('Approve', 'sam');
      // Its work has begun, and the first pod may be gone: from now on the budget lets nobody go.
      await until(/⏳ \W*(Deployment|StatefulSet) legacy/u, 90_000);
      await fault('cluster', 'budget', 'blocks');
      await fault('cluster', 'api', 'off');
      await until(/waits: PodDisruptionBudget/, 60_000);
      await sleep(6_000);
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
