import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/observe/log.ts';
import { type RehearsalCluster, startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';
import { type RehearsalSlack, startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';
import { type Serving, serve } from '../../src/roles/serve.ts';
import { readEnv } from '../../src/settings/config.ts';
import { readMetrics, sumOf } from '../support/prometheus-text.ts';

const SOON = { timeout: 20_000, interval: 50 };

/** Bot and worker in this process, between the rehearsal Slack, the rehearsal cluster and a store of their own. */
describe('a bot and a worker that serve', () => {
  const lines: Record<string, unknown>[] = [];
  let [slack, cluster, serving]: [RehearsalSlack?, RehearsalCluster?, Serving?] = [];
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-'));
    [slack, cluster] = await Promise.all([
      startRehearsalSlack({ rateLimitScale: Number.POSITIVE_INFINITY }),
      startRehearsalCluster(),
    ]);
    const config = join(folder, 'chatops.yaml');
    await writeFile(config, 'clusters: [{ name: prod, context: chatops }]\n');
    const env = readEnv({
      SLACK_BOT_TOKEN: slack.tokens.botToken,
      SLACK_APP_TOKEN: slack.tokens.appToken,
      SLACK_API_URL: slack.apiUrl,
      DATA_DIR: join(folder, 'data'),
      CHATOPS_CONFIG: config,
      KUBECONFIG: cluster.kubeconfigPath,
      HTTP_PORT: '0',
      PATH: process.env['PATH'],
    });
    serving = await serve(
      env,
      createLog('debug', 'all', (line) => lines.push(JSON.parse(line) as Record<string, unknown>)),
    );
  });
  afterAll(async () => {
    await serving?.stop();
    await Promise.all([slack?.close(), cluster?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (path: string) => fetch(`http://127.0.0.1:${serving?.healthPort}${path}`);
  const scrape = async () => readMetrics(await (await ask('/metrics')).text());
  const control = (path: string, body: unknown) =>
    fetch(`${slack?.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  const command = (text: string) =>
    control('command', { channel: slack?.channels['ops'], user: slack?.users['dana'], command: '/cilium', text });

  it('is ready', async () => {
    const ready = await ask('/readyz');

    expect(await ready.json()).toEqual({ store: true, slack: true });
    expect(ready.status).toBe(200);
  });

  it('measures a command from its acknowledgement to its end', async () => {
    await command('status prod');
    await command('statsu "} 1\nevil');
    const ended = async () =>
      sumOf(await scrape(), 'cilium_chatops_runs_ended_total', { command: 'status', outcome: 'succeeded' });
    await expect.poll(ended, SOON).toBe(1);
    const posted = { method: 'chat.postMessage', result: 'ok' };
    await expect
      .poll(async () => sumOf(await scrape(), 'cilium_chatops_slack_api_calls_total', posted), SOON)
      .toBeGreaterThan(0);

    const response = await ask('/metrics');
    const families = readMetrics(await response.text());

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const sums = (names: readonly string[]) => names.map((name) => sumOf(families, `cilium_chatops_${name}`));
    expect(sums(['slack_ack_duration_seconds_count', 'runs_requested_total', 'run_duration_seconds_count'])).toEqual([
      2, 1, 1,
    ]);
    expect(
      sumOf(families, 'cilium_chatops_kubernetes_api_requests_total', { verb: 'list', code: '200' }),
    ).toBeGreaterThan(3);
    expect(sumOf(families, 'cilium_chatops_kubernetes_exec_duration_seconds_count', { result: 'ran' })).toBeGreaterThan(
      2,
    );
    expect(
      sumOf(families, 'cilium_chatops_store_operation_duration_seconds_count', { operation: 'append', result: 'ok' }),
    ).toBeGreaterThan(3);
    // Looked up at most every five seconds: an earlier scrape may have seen the job wait.
    const waiting = { lane: 'read', cluster: 'prod', state: 'waiting' };
    await expect.poll(async () => sumOf(await scrape(), 'cilium_chatops_queue_jobs', waiting), SOON).toBe(0);
    expect(sums(['config_last_reload_successful', 'build_info'])).toEqual([1, 1]);
    // On a busy machine the socket may just be opened anew.
    await expect.poll(async () => sumOf(await scrape(), 'cilium_chatops_slack_connected'), SOON).toBe(1);
    for (const { name, help, type } of families.values()) expect(`${name} ${help} ${type}`).toMatch(/^\S+ .+ \w+$/);
    expect(JSON.stringify([...families])).not.toMatch(/evil|run-|U0DANA/);
  });

  it('writes the run, its cluster and its attempt into every line about it', () => {
    const ofRuns = lines.filter(({ run }) => run !== undefined);
    const said = ofRuns.map(({ msg }) => msg);

    expect(said).toEqual(expect.arrayContaining(['run requested', 'run started', 'run ended']));
    for (const line of ofRuns) expect(line).toMatchObject({ cluster: 'prod', command: 'status' });
    expect(ofRuns.find(({ msg }) => msg === 'run requested')).toMatchObject({ by: slack?.users['dana'], via: 'slash' });
    expect(ofRuns.find(({ msg }) => msg === 'run started')).toMatchObject({ attempt: 1 });
    expect(JSON.stringify(lines)).not.toMatch(/xox[a-z]-\w|xapp-\w/);
  });

  it('looks by itself once its configuration says so, without a restart', async () => {
    const channel = slack?.channels['ops'];
    const watched = `clusters: [{ name: prod, context: chatops }]\nschedules: [{ command: status, every: 1h, channel: ${channel} }]\n`;
    await writeFile(join(folder, 'chatops.yaml'), watched);

    await serving?.reload();

    const texts = async () => JSON.stringify(await (await fetch(`${slack?.controlUrl}/messages/${channel}`)).json());
    await expect.poll(texts, SOON).toContain('Watched from now on, every 1 h (schedule status)');
    await command('schedules');
    await expect.poll(texts, SOON).toMatch(/One schedule.*next/);
    const ticks = { schedule: 'status', result: 'started' };
    expect(sumOf(await scrape(), 'cilium_chatops_schedule_ticks_total', ticks)).toBe(1);
  });
});
