import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { clusterSource, Env, keepRunsMs, readEnv, servedClusters, slackSettings } from '../../src/settings/config.ts';
import { readChatopsConfig } from '../../src/settings/config-file.ts';

function refusal(work: () => unknown): OpsError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof OpsError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

describe('readEnv', () => {
  it('has a default for everything that may be left out', () => {
    expect(readEnv({})).toEqual({
      BENCH_IMAGE: 'docker.io/nicolaka/netshoot:v0.13',
      PROBE_IMAGE: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
      PROBE_NAMESPACE: 'cilium-chatops',
      helmEnv: {},
      SLACK_COMMAND: '/cilium',
      SLACK_PORT: 3000,
      DATA_DIR: './.data',
      KEEP_RUNS_DAYS: 90,
      ROLE: 'all',
      HTTP_PORT: 8080,
      LOG_LEVEL: 'info',
    });
  });

  it('takes an empty value as not set, and trims what a shell left behind', () => {
    const env = readEnv({ ROLE: '', STATE_URL: '  ', SLACK_BOT_TOKEN: 'xoxb-1\n', CLUSTERS: ' prod, dev ,' });

    expect(env).toMatchObject({ ROLE: 'all', SLACK_BOT_TOKEN: 'xoxb-1', CLUSTERS: ['prod', 'dev'] });
    expect(env.STATE_URL).toBeUndefined();
  });

  it('says all that is wrong at once, by name and never by value', () => {
    const values = {
      SLACK_BOT_TOKEN: 'xoxp-secret-1',
      SLACK_APP_TOKEN: 'secret-2',
      SLACK_SIGNING_SECRET: 'secret3',
      SLACK_API_URL: 'secret-4',
      SLACK_COMMAND: 'secret-5',
      SLACK_PORT: 'secret-6',
      KEEP_RUNS_DAYS: '0.6666',
      CLUSTERS: 'Secret-7,prod',
      ROLE: 'secret-8',
      HTTP_PORT: '70999',
      LOG_LEVEL: 'secret-9',
    };

    const error = refusal(() => readEnv(values));

    expect(error.code).toBe('BadConfig');
    for (const name of Object.keys(values)) expect(error.message).toContain(name);
    for (const value of Object.values(values)) expect(`${error.message} ${error.nextStep}`).not.toContain(value);
    expect(error.message).not.toMatch(/secret-?\d/i);
  });

  it.each([
    { SLACK_PORT: '-1' },
    { SLACK_PORT: '3000.5' },
    { SLACK_PORT: '65536' },
    { HTTP_PORT: 'http' },
    { KEEP_RUNS_DAYS: '0' },
    { CLUSTERS: ',' },
    { SLACK_COMMAND: '/Cilium' },
    { SLACK_COMMAND: '/ci lium' },
  ])('refuses %o', (env) => {
    expect(refusal(() => readEnv(env)).message).toContain(Object.keys(env)[0]);
  });
});

describe('.env.example', () => {
  it('names exactly what the environment may say, each with a line about it', async () => {
    const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
    const lines = text.split('\n');
    const named = lines.flatMap((line, at) => {
      const match = /^([A-Z_]+)=(.*)$/.exec(line);
      return match ? [{ name: match[1], value: match[2], above: lines[at - 1] }] : [];
    });

    expect(named.map(({ name }) => name).sort()).toEqual(Object.keys(Env.shape).sort());
    for (const { name, above, value } of named) {
      expect(above, name).toMatch(/^# .{15,}/);
      expect(value, name).toBe('');
    }
    expect(readEnv(Object.fromEntries(named.map(({ name = '', value }) => [name, value])))).toEqual(readEnv({}));
  });
});

describe('slackSettings', () => {
  const botToken = 'xoxb-1';

  it('is Socket Mode with an app token, also when there is a signing secret', () => {
    const env = readEnv({ SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: 'xapp-1', SLACK_SIGNING_SECRET: '12345678' });

    expect(slackSettings(env)).toEqual({ botToken, transport: { type: 'socket', appToken: 'xapp-1' } });
  });

  it('is HTTP with a signing secret alone', () => {
    const env = readEnv({ SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: '12345678', SLACK_PORT: '3999' });

    expect(slackSettings(env).transport).toEqual({ type: 'http', signingSecret: '12345678', port: 3999 });
  });

  it.each([
    { env: {}, want: 'SLACK_BOT_TOKEN is not set' },
    { env: { SLACK_BOT_TOKEN: botToken }, want: 'neither SLACK_APP_TOKEN' },
  ])('says what is missing: $want', ({ env, want }) => {
    const error = refusal(() => slackSettings(readEnv(env)));

    expect(error.message).toContain(want);
    expect(error.nextStep).toContain('npm run demo');
  });
});

describe('clusters', () => {
  const config = ChatopsConfig.parse({ clusters: [{ name: 'prod', context: 'admin@prod' }, { name: 'dev' }] });

  it('are all served when CLUSTERS says nothing', () => {
    expect(servedClusters(readEnv({}), config).map(({ name }) => name)).toEqual(['prod', 'dev']);
  });

  it('are those of CLUSTERS otherwise', () => {
    expect(servedClusters(readEnv({ CLUSTERS: 'dev' }), config).map(({ name }) => name)).toEqual(['dev']);
  });

  it('that CLUSTERS misspells are refused: their runs would wait for ever', () => {
    const error = refusal(() => servedClusters(readEnv({ CLUSTERS: 'dev,pord' }), config));

    expect(error).toMatchObject({ code: 'BadConfig', nextStep: 'the clusters are prod, dev' });
    expect(error.message).toContain('pord');
  });

  it('take their credentials from context and KUBECONFIG', () => {
    expect(clusterSource(config.clusters[0], readEnv({ KUBECONFIG: '/k' }))).toEqual({
      context: 'admin@prod',
      kubeconfigPath: '/k',
    });
    expect(clusterSource(undefined, readEnv({}))).toEqual({});
  });

  it('keep their runs for days', () => expect(keepRunsMs(readEnv({ KEEP_RUNS_DAYS: '2' }))).toBe(172_800_000));
});

describe('readChatopsConfig', () => {
  async function file(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'chatops-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'chatops.yaml'), text);
    return join(folder, 'chatops.yaml');
  }

  it('reads the file', async () => {
    const path = await file('clusters:\n  - name: prod\n    channels: [C01OPS]\n');

    expect(await readChatopsConfig({ CHATOPS_CONFIG: path })).toMatchObject({
      clusters: [{ name: 'prod', channels: ['C01OPS'] }],
    });
  });

  it.each([
    { text: 'clusters: [', want: 'chatops.yaml:1:' },
    { text: '', want: 'must be object' },
    { text: 'clusters:\n  - name: Prod\n  - nam: x\n', want: ':2:11 clusters.0..name: a cluster name has' },
    {
      text: 'clusters:\n  - name: Prod\n  - nam: x\n',
      want: ':3:5 clusters.1..nam: there is no setting "nam", did you mean "name"',
    },
  ])('names file and place of what is wrong: $want', async ({ text, want }) => {
    const path = await file(text);

    await expect(readChatopsConfig({ CHATOPS_CONFIG: path })).rejects.toMatchObject({
      code: 'BadConfig',
      message: expect.stringMatching(new RegExp(`^${path}.*${want}`, 's')),
    });
  });

  it('says that a file is missing', async () => {
    await expect(readChatopsConfig({ CHATOPS_CONFIG: '/nowhere/chatops.yaml' })).rejects.toMatchObject({
      code: 'BadConfig',
      message: expect.stringContaining('/nowhere/chatops.yaml cannot be read: ENOENT'),
    });
  });

  it.each([
    { env: {}, want: [{ name: 'default' }] },
    { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, want: [{ name: 'default', inCluster: true }] },
    { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: '/k' }, want: [{ name: 'default' }] },
  ])('without a file is $want', async ({ env, want }) => {
    expect((await readChatopsConfig(env)).clusters).toEqual(want);
  });
});
