import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { doctorScenes } from './pictures-doctor.mjs';
import { homeScenes } from './pictures-home.mjs';
import { iperfScenes } from './pictures-iperf.mjs';
import { restartScenes } from './pictures-restart.mjs';
import { scheduleScenes } from './pictures-schedule.mjs';
import { ensureTools } from './tools.mjs';

/**
 * What is played for each picture. A scene gets a stage of its own (`pictures.mjs`) with a fresh demo behind it.
 * @type {Record<string, { flags?: string[], play: (stage: any) => Promise<void> }>}
 */
export const scenes = {
  ...doctorScenes,
  ...homeScenes,
  ...iperfScenes,
  ...restartScenes,
  ...scheduleScenes,
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
  card: {
    async play({ command, until, open, picture, phone, page }) {
      await command('enable native-routing prod --reason "throughput for the ETL window, CHG-4711"');
      const card = await until(/needs 2 approvals/);
      await until(/All checks/);
      await open(card, 'lee');
      await picture('', TALL);
      await open(undefined, 'lee');
      await picture('-phone', phone);
      await page.setViewportSize(TALL);
      await page.getByRole('button', { name: 'Full diff' }).first().click();
      await page.getByRole('dialog').getByText('routing-mode').first().waitFor();
      await picture('-diff', TALL);
    },
  },
  change: {
    async play({ command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/One agent first|agents to native/i, 180_000);
      await sleep(20_000);
      await open(card);
      await picture('-progress', TALL);
      await until(/prod runs native routing/, 180_000);
      await until(/^Verification/, 30_000);
      await until(/loss between nodes/, 30_000);
      await sleep(1_500);
      await open(card);
      await picture('-end', { ...TALL, height: 2_600 });
    },
  },
  undone: {
    async play({ command, press, until, open, picture, fault }) {
      const card = await asked({ command, until });
      await fault('cluster', 'rollout', 'old-mode');
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/is back on VXLAN|state unknown|was not changed/, 300_000);
      await sleep(3_000);
      await open(card);
      await picture('', TALL);
    },
  },
  unknown: {
    async play({ command, press, until, open, picture, fault }) {
      const card = await asked({ command, until });
      await fault('cluster', 'rollout', 'crash');
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/state unknown/, 300_000);
      await sleep(3_000);
      await open(card);
      await picture('', TALL);
    },
  },
  held: {
    async play({ command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await press('Hold', 'kim');
      await until(/held by/i);
      await press('Approve', 'lee');
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
  rejected: {
    async play({ command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await press('Reject', 'sam');
      await until(/rejected/i);
      await open(card, 'sam');
      await picture('', TALL);
    },
  },
  cancelled: {
    async play({ command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await press('Cancel', 'dana');
      await until(/cancelled/i);
      await open(card);
      await picture('', TALL);
    },
  },
  expired: {
    flags: ['--approvals-expire', '1m'],
    async play({ command, until, open, picture }) {
      const card = await asked({ command, until });
      await until(/expired/i, 120_000);
      await open(card);
      await picture('', TALL);
    },
  },
  frozen: {
    async play({ command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await command('freeze prod "Black Friday until Monday"', 'kim');
      await until(/frozen/i);
      await press('Approve', 'lee');
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
  voided: {
    async play({ ready, command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await press('Approve', 'lee');
      // Somebody else works on the same release: a revision more is a changed world.
      await helmUpgrade(ready);
      await press('Approve', 'sam');
      await until(/changed since|no longer count/i, 120_000);
      await sleep(3_000);
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
  locked: {
    async play({ ready, command, press, until, open, picture }) {
      const card = await asked({ command, until });
      await sleep(2_000);
      await takeLease(ready);
      await press('Approve', 'lee');
      await press('Approve', 'sam');
      await until(/run-7f3k2q/, 60_000);
      await sleep(2_000);
      await open(card, 'lee');
      await picture('', TALL);
    },
  },
};

const TALL = { width: 1440, height: 1180 };

async function asked({ command, until }) {
  await command('enable native-routing prod --reason "throughput for the ETL window, CHG-4711"');
  return until(/needs 2 approvals/);
}

/** What a colleague does by hand at the wrong moment. */
async function helmUpgrade({ kubeconfig }) {
  await run('helm', ['-n', 'kube-system', 'rollback', 'cilium', '1'], kubeconfig);
}

async function takeLease({ kubeconfig }) {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'cilium-chatops', namespace: 'kube-system' },
    spec: {
      holderIdentity: 'run-7f3k2q/1',
      leaseDurationSeconds: 600,
      acquireTime: new Date().toISOString().replace('Z', '000Z'),
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  };
  await run('kubectl', ['apply', '--validate=false', '-f', '-'], kubeconfig, JSON.stringify(lease));
}

async function run(tool, args, kubeconfig, input = '') {
  const { dir } = ensureTools([tool]);
  const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${process.env.PATH}:${dir}` };
  const child = spawn(tool, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${code}`);
}
