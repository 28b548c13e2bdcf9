import { setTimeout as sleep } from 'node:timers/promises';

/** Six runs of five seconds, which the rehearsal replays ten times as fast. */
const QUICK = '--runs 6 --duration 5s';

/** @type {Record<string, { flags?: string[], play: (stage: any) => Promise<void> }>} */
export const iperfScenes = {
  iperf: {
    async play({ command, until, open, picture, phone }) {
      await command(`iperf ${QUICK}`);
      const parent = await until(/Gbit\/s, \d+ % of host to host/, 180_000);
      await until(/iperf3.s own answers/, 60_000);
      await sleep(1_500);
      await open(parent);
      await picture('', { width: 1440, height: 1500 });
      await open();
      await picture('-phone', { ...phone, height: 1000 });
    },
  },
  'iperf-form': {
    async play({ command, until, open, picture, page }) {
      await command('status');
      await until(/Cilium on prod is/);
      await open();
      await command('iperf');
      const form = page.getByRole('dialog', { name: 'Measure throughput' });
      await form.waitFor();
      await choose(page, form, 'From', 'node1');
      await choose(page, form, 'To', 'node1');
      await form.getByRole('button', { name: 'Measure' }).click();
      await form.getByText('name another').waitFor();
      await picture('', { width: 1280, height: 1180 });
    },
  },
  'bench-slower': {
    async play({ command, press, until, open, picture, fault }) {
      await fault('cluster', 'benchmark', 'slower-native');
      await command('enable native-routing prod --bench --reason "throughput for the ETL window, CHG-4711"');
      const card = await until(/needs 2 approvals/, 120_000);
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/Slower than before/, 400_000);
      await until(/Throughput before and after/, 60_000);
      await sleep(3_000);
      await open(card);
      await picture('', { width: 1440, height: 2_600 });
    },
  },
  compare: {
    async play({ command, press, until, open, picture }) {
      await command(`iperf ${QUICK}`);
      const before = await until(/prod on VXLAN: .*Gbit\/s, \d+ % of host to host/, 180_000);
      await command('enable native-routing prod --reason "throughput for the ETL window, CHG-4711"');
      await until(/needs 2 approvals/);
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/prod runs native routing/, 300_000);
      await command(`iperf ${QUICK}`);
      const after = await until(/prod on native routing: .*Gbit\/s, \d+ % of host to host/, 180_000);
      const [was, is] = [before, after].map(({ text }) => /run-[0-9a-z]{6}/.exec(text)?.[0]);
      await command(`compare ${was} ${is}`);
      await sleep(1_500);
      await open();
      await picture('', { width: 1280, height: 760 });
    },
  },
};

async function choose(page, form, label, node) {
  await form.locator('.input-block', { hasText: label }).first().locator('button').first().click();
  await page.getByRole('option', { name: node }).click();
}
