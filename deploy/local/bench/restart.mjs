import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../setup.mjs';
import { mib, ms, printLine } from './numbers.mjs';
import { rssOf, until } from './stack.mjs';

/** Making unmanaged pods Cilium's: the usual pipeline of one kubectl per pod, against ours; each on a cluster of its own. */

const TIMES_FASTER = 20;
const MANY_PODS = 500;
const FIND_MIB = 300;
/** How long a pod takes to stop. */
const STOP_MS = 1_000;
/** After the last process has ended: successors of the last pods become ready. */
const SETTLE_MS = 60_000;

/** As it stands in Cilium's documentation: every pod that is not on the host network. */
const PIPELINE = [
  'kubectl get pods --all-namespaces --no-headers=true',
  '-o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,HOSTNETWORK:.spec.hostNetwork',
  "| grep '<none>' | grep '^before-' | awk '{print \"-n \"$1\" \"$2}' | xargs -L 1 kubectl delete pod",
].join(' ');

export async function measureRestart(stack, pods, kubectl) {
  const ours = await measured(stack, pods, kubectl, [
    process.execPath,
    `${ROOT}dist/main.mjs`,
    'run',
    'restart',
    'unmanaged',
    '--yes',
    'plan',
  ]);
  printLine({
    what: `restart ${pods} unmanaged pods, ours`,
    measured: ms(ours.tookMs),
    against: budgets(ours),
    n: 1,
    ok: ours.violations === 0,
  });
  if (!kubectl.there) return;
  const theirs = await measured(stack, pods, kubectl, ['sh', '-c', PIPELINE]);
  const faster = theirs.tookMs / ours.tookMs;
  printLine({
    what: '  kubectl get … | xargs -L 1 kubectl delete',
    measured: ms(theirs.tookMs),
    against: `ours is ${faster.toFixed(1)} times faster, target ≥ ${TIMES_FASTER}; ${budgets(theirs)}`,
    n: 1,
    // A few pods tell nothing about hundreds: starting a process is most of it then.
    ...(pods >= MANY_PODS ? { ok: faster >= TIMES_FASTER } : {}),
  });
}

/** The plan alone, which is where the whole cluster is read: names of pods and endpoints, bodies of what is found. */
export async function measureFinding(stack, { nodes, pods }) {
  const cluster = await stack.cluster(nodes, pods);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  const startedAt = performance.now();
  const child = spawn(process.execPath, [`${ROOT}dist/main.mjs`, 'run', 'restart', 'unmanaged'], {
    env,
    stdio: 'ignore',
  });
  let peak = 0;
  const watching = setInterval(() => {
    const seen = rssOf({ child }).peak;
    if (seen > peak) peak = seen;
  }, 100);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  const tookMs = performance.now() - startedAt;
  clearInterval(watching);
  await cluster.stop();
  // 3: the plan is shown, and nothing is changed without a word.
  if (code !== 3) throw new Error(`planning a restart ended with ${code}`);
  const what = `unmanaged pods among ${pods.toLocaleString('en')}, found and planned`;
  printLine({ what, measured: ms(tookMs), n: 1 });
  printLine({
    what: '  its RSS (peak)',
    measured: mib(peak),
    against: `target ≤ ${FIND_MIB} MiB`,
    n: 1,
    ok: peak <= FIND_MIB,
  });
}

function budgets({ violations }) {
  return violations === 0 ? 'no budget violated' : `${violations} times a budget was violated`;
}

/** From the start of the first process until every pod is replaced, ready, and has its endpoint. */
async function measured(stack, pods, kubectl, [command, ...args]) {
  const cluster = await stack.cluster(3, 0, ['--unmanaged', String(pods), '--stop-ms', String(STOP_MS)]);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, PATH: kubectl.path };
  try {
    const startedAt = performance.now();
    const code = await exitOf(command, args, env);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
    await until(() => allReplaced(env, pods), SETTLE_MS, 500);
    const tookMs = performance.now() - startedAt;
    const { violations } = await (await fetch(`${cluster.control}/violations`)).json();
    return { tookMs, violations: violations.length };
  } finally {
    await cluster.stop();
    await sleep(200);
  }
}

function exitOf(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
}

const READY =
  '{range .items[*]}{.metadata.namespace}/{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
const NAMES = '{range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';

/** Ready pods with an endpoint of their name, as many as there were. */
async function allReplaced(env, wanted) {
  const [ready, endpoints] = await Promise.all([lines('pods', READY, env), lines('ciliumendpoints', NAMES, env)]);
  const known = new Set(endpoints);
  const good = ready.filter((line) => /^before-.*=True$/.test(line) && known.has(line.slice(0, -'=True'.length)));
  return good.length === wanted;
}

function lines(resource, template, env) {
  return new Promise((resolve, reject) => {
    const args = ['get', resource, '-A', '-o', `jsonpath=${template}`];
    const child = spawn('kubectl', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('exit', () => resolve(text.split('\n').filter((each) => each !== '')));
  });
}
