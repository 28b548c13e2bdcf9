import { setTimeout as sleep } from 'node:timers/promises';

const TALL = { width: 1440, height: 1500 };

/** @type {Record<string, { flags?: string[], play: (stage: any) => Promise<void> }>} */
export const doctorScenes = {
  doctor: {
    async play({ command, until, open, picture }) {
      await command('doctor');
      const parent = await until(/Doctor on prod/);
      await until(/Rights of doctor/);
      await sleep(2_000);
      await open(parent);
      await picture('', TALL);
    },
  },
  'doctor-faults': {
    async play({ command, fault, until, open, picture, phone }) {
      await fault('slack', 'missing-scope', 'usergroups:read');
      await fault('slack', 'uploads', 'disabled');
      await fault('cluster', 'access', 'no-exec');
      await command('doctor');
      const parent = await until(/Doctor on prod/);
      await until(/Rights of doctor/);
      await sleep(2_000);
      await open(parent);
      await picture('', TALL);
      await open();
      await picture('-phone', { ...phone, height: 1500 });
    },
  },
};
