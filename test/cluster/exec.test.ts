import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ExecRequest } from '../../src/core/ports/ports.ts';
import { openStub, type Stub, type StubHandlers } from '../support/stub-api-server.ts';
import { execAnswers, type Recorded, recorded } from './recorded.ts';

const SIGNAL = new AbortController().signal;
const REQUEST: ExecRequest = {
  namespace: 'legacy',
  pod: 'legacy-bare',
  container: 'c',
  command: ['sh', '-c', 'echo out'],
  deadlineMs: 5_000,
  maxOutputBytes: 1_000_000,
};
const SUCCESS = JSON.stringify({ metadata: {}, status: 'Success' });

const opened: Stub[] = [];
afterEach(async () => {
  for (const stub of opened.splice(0)) await stub.close();
});

async function stubbed(...args: Parameters<typeof openStub>): Promise<Stub> {
  const stub = await openStub(...args);
  opened.push(stub);
  return stub;
}

const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });

/** Upgrades every request and hands the WebSocket over. */
function talks(talk: (socket: WebSocket, request: IncomingMessage) => void): StubHandlers {
  return {
    upgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => talk(ws, request)),
  };
}

/** Never answers the upgrade, but notices when the client goes. */
const HANGS: StubHandlers = { upgrade: (_, socket) => void socket.resume().on('end', () => socket.end()) };

function refuses(socket: Duplex, { status, headers, body }: Pick<Recorded, 'status' | 'headers' | 'body'>): void {
  const lines = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  socket.end(`HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
}

const frame = (channel: number, payload: string | Buffer) =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]);

/** Plays a recorded answer back, frame by frame. */
function plays(answer: Recorded): StubHandlers {
  if (answer.status !== 101) return { upgrade: (_, socket) => refuses(socket, answer) };
  return talks((socket) => {
    for (const each of answer.frames) {
      if ('close' in each) socket.close(each.close);
      else socket.send(frame(each.channel, each.payload));
    }
  });
}

async function replayed(name: string): Promise<Stub> {
  return stubbed(plays(recorded(execAnswers, name)));
}

describe('exec gives a result', () => {
  it.each([
    ['exec-ok-stdout-stderr', { exitCode: 0, stdout: 'out\nout2\n', stderr: 'err\n' }],
    ['exec-exit-3', { exitCode: 3, stdout: 'partial\n', stderr: 'why\n' }],
    ['exec-killed-by-signal', { exitCode: 137, stdout: '', stderr: '' }],
    ['exec-v4-exit-3', { exitCode: 3, stdout: '', stderr: '' }],
    ['exec-v4-ok', { exitCode: 0, stdout: 'out\n', stderr: '' }],
  ])('%s', async (name, want) => {
    const stub = await replayed(name);

    expect(await stub.port.exec(REQUEST, SIGNAL)).toEqual(want);
  });

  it('with 300 kB of output, whole', async () => {
    const stub = await replayed('exec-big-output-1MiB-frames');

    expect((await stub.port.exec(REQUEST, SIGNAL)).stdout).toBe('x'.repeat(300_000));
  });

  it('and does not break characters that two frames share', async () => {
    const euro = Buffer.from('€');
    const stub = await stubbed(
      talks((socket) => {
        socket.send(frame(1, euro.subarray(0, 1)));
        socket.send(frame(1, euro.subarray(1)));
        socket.send(frame(3, SUCCESS));
        socket.close();
      }),
    );

    expect((await stub.port.exec(REQUEST, SIGNAL)).stdout).toBe('€');
  });

  it('and has the remote side stop the command too, with our token and the newest protocols', async () => {
    const stub = await replayed('exec-v4-ok');
    await stub.port.exec({ ...REQUEST, deadlineMs: 4_200 }, SIGNAL);

    const [seen] = stub.seen;
    expect(seen?.url.pathname).toBe('/api/v1/namespaces/legacy/pods/legacy-bare/exec');
    expect(seen?.url.searchParams.getAll('command')).toEqual(['timeout', '-k', '5', '5', 'sh', '-c', 'echo out']);
    expect(seen?.url.searchParams.get('container')).toBe('c');
    expect(seen?.headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io,v4.channel.k8s.io');
    expect(seen?.headers['authorization']).toBe('Bearer t0ken');
  });

  it('although the server never closes the socket', async () => {
    const stub = await stubbed(talks((socket) => socket.send(frame(3, SUCCESS))));

    expect(await stub.port.exec({ ...REQUEST, deadlineMs: 15_000 }, SIGNAL)).toMatchObject({ exitCode: 0 });
    await expect.poll(stub.sockets).toBe(0);
  });

  it('also from an image without timeout(1)', async () => {
    const missing = recorded(execAnswers, 'exec-command-not-found');
    const stub = await stubbed(
      talks((socket, { url = '' }) => {
        const bare = !url.includes('command=timeout');
        const [, status] = missing.frames;
        if (bare) socket.send(frame(1, 'ran bare'));
        if (status !== undefined && 'payload' in status)
          socket.send(frame(3, bare ? SUCCESS : status.payload.replace('no-such-binary', 'timeout')));
        socket.close(1000);
      }),
    );

    expect(await stub.port.exec(REQUEST, SIGNAL)).toMatchObject({ exitCode: 0, stdout: 'ran bare' });
    expect(stub.seen).toHaveLength(2);
  });
});

describe('exec throws when the command could not run', () => {
  it.each([
    ['exec-command-not-found', 'ExecFailed', 'there is no command sh in pod legacy-bare'],
    ['exec-command-not-executable', 'ExecFailed', 'is not executable'],
    ['exec-no-command', 'ExecFailed', 'args must not be empty'],
    ['exec-container-waiting', 'ExecFailed', 'container not found ("c")'],
    ['exec-pod-completed', 'ExecFailed', 'container not found ("c")'],
    ['exec-pod-unscheduled', 'ExecFailed', 'no node yet'],
    ['exec-missing-container', 'NotFound', 'there is no container nope'],
    ['exec-missing-pod', 'NotFound', 'there is no pod nope'],
    ['exec-websocket-with-only-get-on-pods-exec', 'Forbidden', 'may not run commands'],
    ['exec-websocket-with-only-create-on-pods-exec', 'Forbidden', 'may not get pods/exec'],
    ['exec-unknown-subprotocol', 'UnexpectedAnswer', 'without a reason'],
  ])('%s: %s', async (name, code, message) => {
    const stub = await replayed(name);
    const { container, ...request } = { ...REQUEST, pod: name === 'exec-missing-pod' ? 'nope' : REQUEST.pod };

    await expect(stub.port.exec({ ...request, container }, SIGNAL)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(stub.seen).toHaveLength(1);
  });

  it.each([
    {
      said: "timeout: failed to run command 'sh': No such file or directory\n",
      exitCode: 127,
      want: 'there is no command sh',
    },
    { said: "timeout: can't execute 'sh': Permission denied\n", exitCode: 126, want: 'not executable' },
  ])('as timeout(1) reports it: $want', async ({ said, exitCode, want }) => {
    const stub = await stubbed(ends(exitCode, said));

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({
      code: 'ExecFailed',
      message: expect.stringContaining(want),
    });
  });

  it('but a shell that says 127 ran', async () => {
    const stub = await stubbed(ends(127, 'sh: 1: nope: not found\n'));

    expect(await stub.port.exec(REQUEST, SIGNAL)).toMatchObject({ exitCode: 127 });
  });

  it('ClusterTimeout when timeout(1) had to stop it', async () => {
    const stub = await stubbed(ends(124, ''));

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'ClusterTimeout' });
  });

  it('once more with fresh credentials when the first were refused', async () => {
    const status = {
      status: 401,
      headers: { 'Content-Type': 'application/json' },
      body: '{"kind":"Status","code":401}',
    };
    const stub = await stubbed({ upgrade: (_, socket) => refuses(socket, status) });

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'Unauthenticated' });
    expect(stub.seen).toHaveLength(2);
  });
});

function ends(exitCode: number, stderr: string): StubHandlers {
  const causes = [{ reason: 'ExitCode', message: String(exitCode) }];
  const status = JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes } });
  return talks((socket) => {
    socket.send(frame(2, stderr));
    socket.send(frame(3, status));
    socket.close(1000);
  });
}

describe('exec against a bad server', () => {
  it('gives up when the handshake hangs, as with a frozen kubelet, and closes the connection', async () => {
    const stub = await stubbed(HANGS);

    await expect(stub.port.exec({ ...REQUEST, deadlineMs: 200 }, SIGNAL)).rejects.toMatchObject({
      code: 'ClusterTimeout',
      message: expect.stringContaining('0.2 s'),
    });
    await expect.poll(stub.sockets).toBe(0);
  });

  it('gives up on a half-open WebSocket', async () => {
    const stub = await stubbed(talks((socket) => socket.send(frame(1, 'then nothing'))));

    await expect(stub.port.exec({ ...REQUEST, deadlineMs: 200 }, SIGNAL)).rejects.toMatchObject({
      code: 'ClusterTimeout',
    });
    await expect.poll(stub.sockets).toBe(0);
  });

  it('says so when the connection drops before the end', async () => {
    const stub = await stubbed(
      talks((socket) => {
        socket.send(frame(1, 'partial'));
        socket.terminate();
      }),
    );

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  });

  it('says so when the server closes without a status', async () => {
    const stub = await replayed('exec-no-subprotocol');

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  });

  it.each([
    { when: 'in many frames', size: 1_000 },
    { when: 'in one frame', size: 10_000_000 },
  ])('stops at the output limit, $when, and closes the connection', async ({ size }) => {
    const stub = await stubbed(
      talks((socket) => {
        socket.on('error', () => undefined);
        const flood = setInterval(() => socket.send(frame(1, 'x'.repeat(size))), 1);
        socket.on('close', () => clearInterval(flood));
      }),
    );

    await expect(stub.port.exec({ ...REQUEST, maxOutputBytes: 5_000 }, SIGNAL)).rejects.toMatchObject({
      code: 'OutputTooLarge',
    });
    await expect.poll(stub.sockets).toBe(0);
  });

  it.each([
    { when: 'while the handshake hangs', handlers: HANGS },
    { when: 'while the command runs', handlers: talks((socket) => socket.send(frame(1, 'running'))) },
  ])('lets go when the signal aborts $when', async ({ handlers }) => {
    const stop = new AbortController();
    const stub = await stubbed(handlers);
    const running = stub.port.exec(REQUEST, stop.signal);
    await expect.poll(() => stub.seen.length).toBe(1);
    stop.abort(new Error('stopped by a test'));

    await expect(running).rejects.toThrow('stopped by a test');
    await expect.poll(stub.sockets).toBe(0);
  });

  it('warns of no leak when many commands run under one signal', async () => {
    const stub = await replayed('exec-v4-ok');
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => stub.port.exec(REQUEST, signal)));
    process.off('warning', onWarning);

    expect(warnings).toEqual([]);
  });

  it('rejects with a reason that is no Error, as it is', async () => {
    const stub = await stubbed(HANGS);
    const stop = new AbortController();
    const running = stub.port.exec(REQUEST, stop.signal);
    await expect.poll(() => stub.seen.length).toBe(1);
    stop.abort({ type: 'person' });

    await expect(running).rejects.toEqual({ type: 'person' });
  });

  it.each([
    { when: 'garbage as status', payload: frame(3, 'not json') },
    { when: 'an unknown channel', payload: frame(9, 'x') },
    { when: 'an empty message', payload: Buffer.alloc(0) },
  ])('survives $when', async ({ payload }) => {
    const stub = await stubbed(
      talks((socket) => {
        socket.send(payload);
        socket.close(1000);
      }),
    );

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  });

  it('survives bytes that are no WebSocket frames', async () => {
    const stub = await stubbed(talks((_, { socket }) => void socket.write(Buffer.alloc(64, 0xff))));

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
    await expect.poll(stub.sockets).toBe(0);
  });

  it('starts nothing when the login took all the time', async () => {
    const credential = JSON.stringify({ kind: 'ExecCredential', status: { token: 'late' } });
    const script = `setTimeout(() => console.log(${JSON.stringify(credential)}), 600)`;
    const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] };
    const stub = await stubbed(plays(recorded(execAnswers, 'exec-v4-ok')), { user: { exec: plugin } });
    const late = stub.port.exec({ ...REQUEST, deadlineMs: 200 }, SIGNAL);
    await expect(late).rejects.toMatchObject({ code: 'ClusterTimeout' });
    // Shares the login that is still under way, and so ends after the first one would have started its command.
    await stub.port.exec(REQUEST, SIGNAL);

    expect(stub.seen).toHaveLength(1);
  });

  it('says so when a proxy takes the upgrade for a plain request', async () => {
    const stub = await stubbed({
      upgrade: (_, socket) => refuses(socket, recorded(execAnswers, 'exec-plain-get-no-upgrade')),
    });

    await expect(stub.port.exec(REQUEST, SIGNAL)).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
  });
});
