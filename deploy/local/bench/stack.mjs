import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from '../children.mjs';
import { ROOT } from '../setup.mjs';

/** The parts that the measurements put together, each a process of its own, from the bundles in dist/. */

/** @param {string} dir a folder that the caller removes */
export function createStack(dir) {
  const children = [];
  const logged = [];

  async function start(name, args, env, ready) {
    const log = (line) => logged.push(`${name}: ${line}`);
    const startedAt = performance.now();
    const { child, started } = startChild({ name, args, env: { ...bare(), ...env }, ready, log });
    children.push(child);
    const found = await started.catch((thrown) => {
      throw new Error(`${thrown.message}\n${logged.slice(-5).join('\n')}`, { cause: thrown });
    });
    return { ...found, child, readyMs: performance.now() - startedAt, stop: () => stopChild(child) };
  }

  const roleEnv = (slack, more) => ({
    SLACK_API_URL: `${slack.url}/api/`,
    SLACK_BOT_TOKEN: slack.tokens.botToken,
    SLACK_APP_TOKEN: slack.tokens.appToken,
    HTTP_PORT: '0',
    ...more,
  });

  return {
    cluster: (nodes, pods, more = []) => {
      const kubeconfig = `${dir}/kubeconfig-${nodes}`;
      const size = ['--nodes', String(nodes), '--pods', String(pods)];
      const args = [`${ROOT}dist/rehearsal-cluster.mjs`, '--json', '--kubeconfig', kubeconfig, ...size, ...more];
      return start('cluster', args, {}, jsonLine);
    },
    /** A Slack without rate limits: what is measured is the bot. */
    slack: () =>
      start('slack', [`${ROOT}dist/rehearsal-slack.mjs`, '--json', '--rate-limit-scale', '1e9'], {}, jsonLine),
    role: (role, { slack, stateUrl, kubeconfig }) => {
      const config = `${dir}/chatops.yaml`;
      writeFileSync(config, 'clusters:\n  - name: prod\n    context: chatops\n');
      const env = { ROLE: role, STATE_URL: stateUrl, DATA_DIR: dir, CHATOPS_CONFIG: config, KUBECONFIG: kubeconfig };
      return start(role, [`${ROOT}dist/main.mjs`, 'serve'], roleEnv(slack, env), readyLine);
    },
    echoApp: (slack) => start('echo', [`${ROOT}dist/bench/echo-app.mjs`], roleEnv(slack, {}), readyLine),
    stop: async () => {
      for (const child of children.splice(0).reverse()) await stopChild(child);
    },
  };
}

/** Settings of the caller's own installation do not belong in a measurement. */
function bare() {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return Object.fromEntries(Object.entries({ PATH, HOME, LANG, TMPDIR }).filter(([, value]) => value !== undefined));
}

function jsonLine(line) {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

function readyLine(line) {
  const said = jsonLine(line);
  return said?.msg === 'ready' ? said : undefined;
}

/** What Linux says about the memory of a process, in MiB; NaN elsewhere. */
export function rssOf({ child }) {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const read = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  } catch {
    return { now: Number.NaN, peak: Number.NaN };
  }
}

/** What a person does, through the rehearsal Slack's control API. */
export function createPerson(slack) {
  const call = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${slack.url}/_control${path}`, { method, headers, body: body && JSON.stringify(body) });
    return answer.json();
  };
  const channel = slack.channels.ops;
  return {
    /** Resolves when the bot has acknowledged. */
    command: (text) => call('POST', '/command', { channel, user: slack.users.dana, command: '/cilium', text }),
    messages: async () => (await call('GET', `/messages/${channel}`)).messages,
    reset: () => call('POST', '/reset', {}),
    /** When the bot first called `method`, on the clock of Date.now(). */
    firstCall: async (method) => {
      const { log } = await call('GET', '/log');
      return log.find((each) => each.kind === 'web_api' && each.summary.includes(method))?.time;
    },
  };
}

/** Polls until `look` answers something. @throws after `withinMs` */
export async function until(look, withinMs, everyMs = 10) {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(everyMs)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`nothing happened within ${withinMs} ms`);
}
