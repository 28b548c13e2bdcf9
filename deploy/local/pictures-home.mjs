import { setTimeout as sleep } from 'node:timers/promises';

/** Scenes of who sees what: the App Home of an approver, history, and help for two people. */

const ASK = 'enable native-routing prod --reason "throughput for the ETL window, CHG-4711"';

export const homeScenes = {
  home: {
    async play({ ready, page, command, until, picture, phone }) {
      await command('status');
      await until(/Cilium on prod is/);
      await command('status nowhere', 'lee');
      await command('preflight', 'lee');
      await until(/Preflight|native routing/i);
      await command(ASK);
      await until(/needs 2 approvals/);
      await page.goto(`${ready.slack}/?as=lee#/home`);
      await page.getByText('Waiting for your approval').waitFor({ timeout: 30_000 });
      await picture('', { width: 1280, height: 1100 });
      await picture('-phone', phone);
      await page.setViewportSize({ width: 1280, height: 1100 });
      await page.getByRole('button', { name: 'Approve' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
      await page.getByText(/Your approval of .* counts/).waitFor({ timeout: 30_000 });
      await picture('-vote', { width: 1280, height: 1100 });
    },
  },
  history: {
    async play({ command, until, open, picture }) {
      await command('status');
      await until(/Cilium on prod is/);
      await command('preflight', 'lee');
      await sleep(4_000);
      await command(ASK);
      await until(/needs 2 approvals/);
      await open();
      await command('history');
      await sleep(1_500);
      await picture('', { width: 1280, height: 1000 });
    },
  },
  help: {
    async play({ command, open, picture }) {
      await open();
      await command('help');
      await sleep(2_000);
      await picture('', { width: 1280, height: 1300 });
      await open(undefined, 'kim');
      await command('help enable', 'kim');
      await sleep(2_000);
      await picture('-kim', { width: 1280, height: 700 });
    },
  },
};
