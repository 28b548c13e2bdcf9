import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openCluster } from '../../src/cluster/connect.ts';
import { openConnection } from '../../src/cluster/connection.ts';
import { loadKubeConfig } from '../../src/cluster/kubeconfig.ts';
import { ClusterName } from '../../src/core/ids.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { kubeconfig, openStub, type Stub } from '../support/stub-api-server.ts';

const SIGNAL = new AbortController().signal;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connection-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const opened: Stub[] = [];
afterEach(async () => {
  for (const stub of opened.splice(0)) await stub.close();
});

function written(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A kubeconfig of several contexts: name, server and token of each. */
function contexts(...entries: readonly (readonly [name: string, server: string, token: string])[]): unknown {
  return {
    clusters: entries.map(([name, server]) => ({ name, cluster: { server, 'insecure-skip-tls-verify': true } })),
    users: entries.map(([name, , token]) => ({ name, user: { token } })),
    contexts: entries.map(([name]) => ({ name, context: { cluster: name, user: name } })),
    'current-context': entries[0]?.[0],
  };
}

const tokenOf = async (kubeconfigPath: string, context?: string) => {
  const connection = openConnection({ kubeconfigPath, ...(context === undefined ? {} : { context }) });
  const { headers } = await connection.pass();
  await connection.close();
  return [connection.server.host, headers['authorization']];
};

describe('a kubeconfig', () => {
  it('gives each context its own server and its own token', async () => {
    const path = written('two', contexts(['a', 'http://a.test:1', 'ta'], ['b', 'http://b.test:2', 'tb']));

    expect(await tokenOf(path)).toEqual(['a.test:1', 'Bearer ta']);
    expect(await tokenOf(path, 'b')).toEqual(['b.test:2', 'Bearer tb']);
  });

  it('cannot be switched to another context once loaded', () => {
    const path = written('two', contexts(['a', 'http://a.test:1', 'ta'], ['b', 'http://b.test:2', 'tb']));
    const loaded = loadKubeConfig({ kubeconfigPath: path, context: 'a' });

    expect(loaded.users.map((user) => user.token)).toEqual(['ta']);
    expect(() => loaded.setCurrentContext('b')).toThrow(TypeError);
  });

  it('may be several files, of which the first that has a name wins', async () => {
    const one = written('one', contexts(['a', 'http://a.test:1', 'ta']));
    const two = written('other', contexts(['a', 'http://evil.test:1', 'no'], ['b', 'http://b.test:2', 'tb']));
    const path = [one, join(folder, 'missing'), two].join(delimiter);

    expect(await tokenOf(path)).toEqual(['a.test:1', 'Bearer ta']);
    expect(await tokenOf(path, 'b')).toEqual(['b.test:2', 'Bearer tb']);
  });

  it.each([
    { when: 'the file is missing', content: undefined, context: undefined, want: 'there is no kubeconfig at' },
    { when: 'the file is not YAML', content: '{]', context: undefined, want: 'cannot be read' },
    {
      when: 'the context is unknown',
      content: contexts(['a', 'http://a.test', 't']),
      context: 'z',
      want: 'no context "z"',
    },
    { when: 'the file is empty', content: {}, context: undefined, want: 'no context' },
    {
      when: 'the user of the context is missing',
      content: { ...Object(contexts(['a', 'http://a.test', 't'])), users: [] },
      context: undefined,
      want: 'names a user that is not there',
    },
    {
      when: 'a plain HTTP server would get the token',
      content: {
        ...Object(contexts(['a', 'x', 't'])),
        clusters: [{ name: 'a', cluster: { server: 'http://a.test' } }],
      },
      context: undefined,
      want: 'plain HTTP',
    },
    {
      when: 'the server is no URL',
      content: contexts(['a', 'nonsense', 't']),
      context: undefined,
      want: 'server address',
    },
  ])('is refused when $when', ({ content, context, want }) => {
    const kubeconfigPath = content === undefined ? join(folder, 'absent') : written('bad', content);
    const load = () => loadKubeConfig({ kubeconfigPath, ...(context === undefined ? {} : { context }) });

    expect(load).toThrow(expect.objectContaining({ code: 'BadConfig', message: expect.stringContaining(want) }));
  });

  it('lists the contexts there are when one is misspelt', () => {
    const path = written('two', contexts(['a', 'http://a.test', 't'], ['b', 'http://b.test', 't']));

    expect(() => loadKubeConfig({ kubeconfigPath: path, context: 'c' })).toThrow(
      expect.objectContaining({ nextStep: 'use one of: a, b' }),
    );
  });

  it('says so when the worker is not in a pod', () => {
    expect(() => loadKubeConfig({ inCluster: true })).toThrow(expect.objectContaining({ code: 'BadConfig' }));
  });
});

describe('the account of a pod', () => {
  const account = 'var/run/secrets/kubernetes.io/serviceaccount';
  afterEach(() => {
    delete process.env['KUBERNETES_SERVICE_HOST'];
    delete process.env['KUBERNETES_SERVICE_PORT'];
  });

  it('is used with the address of the service, and its token is read again after a refusal', async () => {
    const podRoot = mkdtempSync(join(folder, 'pod-'));
    mkdirSync(join(podRoot, account), { recursive: true });
    writeFileSync(join(podRoot, account, 'ca.crt'), 'a CA');
    writeFileSync(join(podRoot, account, 'token'), 'old\n');
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' });
    const connection = openConnection({ inCluster: true, podRoot });
    const before = await connection.pass();
    writeFileSync(join(podRoot, account, 'token'), 'new');
    connection.renew(before.generation);
    const after = await connection.pass();

    expect(connection.server.href).toBe('https://[fd00::1]/');
    expect([before, after].map(({ headers }) => headers['authorization'])).toEqual(['Bearer old', 'Bearer new']);
    expect(after.dispatcher).toBe(before.dispatcher);
    await connection.close();
  });
});

describe('a credential plugin', () => {
  const plugin = (script: string) => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] },
  });
  const credential = (token: string) => JSON.stringify({ kind: 'ExecCredential', status: { token } });
  const versionStub = async (user: unknown) => {
    const stub = await openStub({ request: (_, response) => void response.end('{"gitVersion":"v1.36.2"}') }, { user });
    opened.push(stub);
    return stub;
  };

  it('runs once for parallel calls', async () => {
    const count = join(folder, 'runs');
    const script = `require('fs').appendFileSync(${JSON.stringify(count)}, 'x'); console.log(${JSON.stringify(credential('p1'))})`;
    const stub = await versionStub(plugin(script));
    await Promise.all(Array.from({ length: 5 }, () => stub.port.version(SIGNAL)));

    expect(readFileSync(count, 'utf8')).toBe('x');
    expect(new Set(stub.seen.map(({ headers }) => headers['authorization']))).toEqual(new Set(['Bearer p1']));
  });

  it('that fails is named, without what it printed', async () => {
    const stub = await versionStub(plugin('console.error("secret"); process.exit(1)'));

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({
      code: 'Unauthenticated',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('that hangs does not hang the call', async () => {
    const stub = await openStub({}, { user: plugin('setTimeout(() => {}, 3000)'), limits: { headersMs: 200 } });
    opened.push(stub);

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'ClusterTimeout' });
  });
});

describe('credentials that change', () => {
  it('are read again when the server refuses the old ones', async () => {
    const stub = await openStub({
      request: (request, response) => {
        const fresh = request.headers.authorization === 'Bearer new';
        response.writeHead(fresh ? 200 : 401).end('{"gitVersion":"v1.36.2"}');
      },
    });
    opened.push(stub);
    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'Unauthenticated' });
    const [first] = stub.seen;
    writeFileSync(stub.kubeconfigPath, JSON.stringify(kubeconfig(`http://${first?.headers.host}`, { token: 'new' })));

    expect(await stub.port.version(SIGNAL)).toBe('v1.36.2');
  });
});

describe('TLS', () => {
  it('refuses a certificate that the CA of the context did not sign', async () => {
    const [mine, other] = [await generate(), await generate()];
    const server = createServer({ key: mine.private, cert: mine.cert }, (_, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as AddressInfo;
    const path = written('tls', {
      ...Object(contexts(['a', 'x', 'secret'])),
      clusters: [
        {
          name: 'a',
          cluster: {
            server: `https://127.0.0.1:${address.port}`,
            'certificate-authority-data': Buffer.from(other.cert).toString('base64'),
          },
        },
      ],
    });
    const options = { name: ClusterName.parse('prod'), kubeconfigPath: path, clock: systemClock, log: silentLog };
    const { port, close } = await openCluster(options);
    const exec = {
      namespace: 'a',
      pod: 'b',
      container: 'c',
      command: ['true'],
      deadlineMs: 5_000,
      maxOutputBytes: 100,
    } as const;

    await expect(port.version(SIGNAL)).rejects.toMatchObject({ code: 'BadConfig' });
    await expect(port.exec(exec, SIGNAL)).rejects.toMatchObject({ code: 'BadConfig' });
    await close();
    await new Promise((resolve) => server.close(resolve));
  });
});
