import { spawn } from 'node:child_process';
import { ROOT } from '../setup.mjs';
import { median, mib, ms, printLine } from './numbers.mjs';
import { createPerson, rssOf, until } from './stack.mjs';

/** `status` on clusters of three sizes. */

const TARGET_MS = { 3: 1_000, 300: 5_000 };
const WORKER_MIB = 300;

/** Whole processes in turn, start to end, on the same API server. */
export async function measureStatus(stack, nodes, { times, kubectl }) {
  const cluster = await stack.cluster(nodes, 0);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, PATH: kubectl.path };
  const [ours, theirs] = [[], []];
  for (let time = 0; time <= times; time += 1) {
    ours.push(await timed(process.execPath, [`${ROOT}dist/main.mjs`, 'run', 'status'], env));
    if (kubectl.there) theirs.push(await timed('kubectl', ['get', 'pods', '-A'], env));
  }
  await cluster.stop();
  // The first one reads files that the others find in memory.
  const [status, pods] = [median(ours.slice(1)), median(theirs.slice(1))];
  const compared = kubectl.there ? `; ${(status / pods).toFixed(1)} times kubectl get pods -A (${ms(pods)})` : '';
  const target = TARGET_MS[nodes];
  printLine({
    what: `status in the terminal, ${nodes} nodes`,
    measured: ms(status),
    against: `target ≤ ${ms(target)}${compared}`,
    n: times,
    ok: status <= target,
  });
}

function timed(command, args, env) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`${command} ${args.join(' ')}: ${code}`)),
    );
  });
}

/** The long way: command, queue, worker, message. The worker may take its 20 s, but not the memory. */
export async function measureBig(stack, place, { nodes, pods }) {
  const cluster = await stack.cluster(nodes, pods);
  const bot = await stack.role('bot', place);
  const worker = await stack.role('worker', { ...place, kubeconfig: cluster.kubeconfig });
  const person = createPerson(place.slack);
  await person.reset();
  const startedAt = performance.now();
  await person.command('status');
  const text = await until(async () => ended(await person.messages()), 60_000, 100);
  const took = performance.now() - startedAt;
  const { peak } = rssOf(worker);
  await Promise.all([worker.stop(), bot.stop()]);
  await cluster.stop();
  const [, heard] = /heard ([\d,]+) of/.exec(text) ?? [undefined, nodes.toLocaleString('en')];
  const size = `${nodes.toLocaleString('en')} nodes, ${pods.toLocaleString('en')} pods`;
  printLine({
    what: `status in Slack, ${size}`,
    measured: ms(took),
    against: `asked ${heard} agents in the 20 s it has`,
    n: 1,
  });
  printLine({
    what: '  worker RSS (peak)',
    measured: mib(peak),
    against: `target ≤ ${WORKER_MIB} MiB`,
    n: 1,
    ok: peak <= WORKER_MIB,
  });
}

/** The whole text of the parent message, once it tells an end. */
function ended(messages) {
  const parent = messages.find((message) => JSON.stringify(message).includes('Agents '));
  return parent === undefined ? undefined : JSON.stringify(parent);
}
