import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';
import { installationOf } from '../../src/rehearsal/slack/manifest.ts';
import { startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';
import { freePort } from '../../src/store/free-port.ts';
import { EVERY } from '../support/every.ts';
import { redisBinary } from '../support/spawn-redis.ts';
import { imageByHand, readDockerfile, stageNamed } from './image-by-hand.ts';
import { startOverlayStore } from './overlay-store.ts';

const stages = readDockerfile();
const UID = 10_001;

describe('deploy/Dockerfile', () => {
  const all = stages.flatMap(({ instructions }) => instructions);

  it('starts from one pinned Node, the version that the README names', () => {
    const outside = stages.map(({ base }) => base).filter((base) => !/^(node|helm-\$\{TARGETARCH\})$/.test(base));

    expect(outside).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/)]);
  });

  it('copies only what is there, and lets in nothing else', () => {
    const copied = all
      .filter(({ name, flags }) => name === 'COPY' && !flags.some((flag) => flag.startsWith('--from')))
      .flatMap(({ args }) => args.slice(0, -1));
    const letIn = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));

    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    expect(letIn[0]).toBe('*');
    expect(letIn.slice(1).sort()).toEqual(copied.map((path) => `!${path}`).sort());
  });

  it('takes helm by checksum, for both architectures, in the version that the tests use', () => {
    const adds = all.filter(({ name }) => name === 'ADD');
    const [version] = /helm v(\d+\.\d+\.\d+)/.exec(readFileSync('deploy/local/tools.mjs', 'utf8')) ?? [];

    expect(adds.map(({ args }) => args[0])).toEqual(
      ['amd64', 'arm64'].map((arch) => `https://get.helm.sh/${version?.replace(' ', '-')}-linux-${arch}.tar.gz`),
    );
    const sums = adds.flatMap(({ flags }) => flags);
    expect(new Set(sums).size).toBe(2);
    for (const sum of sums) expect(sum).toMatch(/^--checksum=sha256:[0-9a-f]{64}$/);
  });

  it('runs as the user of the deployments, with a command that hears signals', () => {
    const { instructions } = stageNamed('final');
    const last = (wanted: string) => instructions.findLast(({ name }) => name === wanted)?.args.join(' ');

    expect(last('USER')).toBe(`${UID}:${UID}`);
    for (const file of ['bot', 'worker'])
      expect(readFileSync(`deploy/kubernetes/base/${file}.yaml`, 'utf8')).toContain(`runAsUser: ${UID}\n`);
    expect(JSON.parse(last('ENTRYPOINT') ?? '')).toEqual(['node', '/app/dist/main.mjs']);
    expect(JSON.parse(last('CMD') ?? '')).toEqual(['serve']);
    expect(all.some(({ name, args }) => name === 'ENV' && /TOKEN|SECRET|PASSWORD/.test(args.join(' ')))).toBe(false);
  });
});

/** Node 24 and helm are not looked at here; that nothing is missing in the image is. */
describe.runIf(EVERY && redisBinary() !== undefined)(
  'what the Dockerfile copies, by hand (with CI=1, needs redis-server on PATH)',
  () => {
    const closers: (() => unknown)[] = [];
    let image: ReturnType<typeof imageByHand>;
    beforeAll(() => {
      image = imageByHand();
      closers.push(image.remove);
    }, 120_000);
    afterAll(async () => {
      for (const close of closers.reverse()) await close();
    });

    function serve(env: Readonly<Record<string, string>>, tmp: string): ChildProcess {
      const child = spawn(process.execPath, [join(image.root, 'app/dist/main.mjs'), 'serve'], {
        cwd: '/',
        env: { NODE_ENV: 'production', TMPDIR: tmp, ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
        // Whoever may drop rights does: root could write where the container cannot.
        ...(process.getuid?.() === 0 ? { uid: UID, gid: UID } : {}),
      });
      closers.push(() => child.kill('SIGKILL'));
      return child;
    }

    it('holds no rehearsal, and the native part', () => {
      expect(readdirSync(join(image.root, 'app')).sort()).toEqual(['dist', 'node_modules']);
      expect(readdirSync(join(image.root, 'app/dist')).sort()).toEqual(['chunks', 'main.mjs']);
      expect(readdirSync(join(image.root, 'app/node_modules/@resvg'))).toContain('resvg-js');
    });

    it('runs bot and worker, answers, draws a chart, and ends when asked', async () => {
      const tmp = mkdtempSync(join(tmpdir(), 'image-tmp-'));
      chmodSync(tmp, 0o777);
      closers.push(() => rmSync(tmp, { recursive: true, force: true }));
      const [cluster, slack, store] = await Promise.all([
        startRehearsalCluster({ speed: 10, context: 'chatops' }),
        startRehearsalSlack(installationOf('deploy/slack/manifest.yaml')),
        startOverlayStore(tmp),
      ]);
      closers.push(cluster.close, slack.close, store.stop);
      const { kubeconfig, config } = readableBy(tmp, cluster.kubeconfigPath);
      const [botPort, workerPort] = [await freePort(), await freePort()];
      const shared = { STATE_URL: store.url, CHATOPS_CONFIG: config };
      const { botToken, appToken } = slack.tokens;
      const tokens = { SLACK_API_URL: slack.apiUrl, SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken };
      const bot = serve({ ...shared, ...tokens, ROLE: 'bot', HTTP_PORT: String(botPort) }, tmp);
      const worker = serve({ ...shared, ROLE: 'worker', HTTP_PORT: String(workerPort), KUBECONFIG: kubeconfig }, tmp);
      for (const port of [botPort, workerPort]) await expect.poll(() => isReady(port), { timeout: 60_000 }).toBe(true);

      const where = { channel: slack.channels['ops'], user: slack.users['dana'] };
      const said = async () =>
        JSON.stringify(await (await fetch(`${slack.controlUrl}/messages/${where.channel}`)).json());
      const type = (text: string) =>
        fetch(`${slack.controlUrl}/command`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...where, command: '/cilium', text }),
        });
      await type('status');
      await expect.poll(said, { timeout: 60_000 }).toContain('Agents 3/3');
      await type('iperf --runs 1 --duration 1 --streams 1');
      await expect.poll(said, { timeout: 60_000 }).toContain('iperf.png');

      for (const child of [bot, worker]) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      }
    }, 240_000);
  },
);

/** Files that the user of the container can read: those of a test are for its own user alone. */
function readableBy(folder: string, kubeconfigPath: string) {
  const [kubeconfig, config] = [join(folder, 'kubeconfig'), join(folder, 'chatops.yaml')];
  writeFileSync(kubeconfig, readFileSync(kubeconfigPath), { mode: 0o644 });
  writeFileSync(
    config,
    'clusters:\n  - { name: prod, context: chatops }\npolicy:\n  rules:\n    - { risks: [probe], approvals: 0 }\n',
    { mode: 0o644 },
  );
  return { kubeconfig, config };
}

async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
