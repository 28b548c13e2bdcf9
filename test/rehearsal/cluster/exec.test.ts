import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { fixture, setFault, tokenOf, until } from './support.ts';

type Frame = { readonly channel: number; readonly payload: string };
type Recorded = {
  readonly case: string;
  readonly as: string;
  readonly path: string;
  readonly protocol: string | null;
  readonly status: number;
  readonly frames?: readonly Frame[];
  readonly stdin?: readonly string[];
  readonly body?: unknown;
};

type Outcome = { readonly status: number; readonly frames: readonly Frame[]; readonly body: string };

function exec(
  cluster: RehearsalCluster,
  recorded: Pick<Recorded, 'path' | 'protocol' | 'stdin'>,
  as: string,
): Promise<Outcome> {
  const url = `${cluster.url.replace('https', 'wss')}${recorded.path}`;
  const headers = { Authorization: `Bearer ${tokenOf(cluster, as)}` };
  const socket = new WebSocket(url, recorded.protocol === null ? [] : [recorded.protocol], {
    headers,
    ca: cluster.certificateAuthority,
  });
  const frames: Frame[] = [];
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      for (const text of recorded.stdin ?? []) socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)]));
      socket.send(Buffer.from([255, 0]));
    });
    socket.on('message', (data: Buffer) =>
      frames.push({ channel: data[0] ?? -1, payload: data.subarray(1).toString() }),
    );
    socket.on('close', () => resolve({ status: 101, frames, body: '' }));
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, frames, body: Buffer.concat(chunks).toString() }),
      );
    });
  });
}

/** Streams joined per channel: how output is cut into frames, and which stream comes first, is chance. */
function perChannel(frames: readonly Frame[]): Readonly<Record<string, string>> {
  const joined: Record<string, string> = {};
  for (const { channel, payload } of frames) joined[channel] = (joined[channel] ?? '') + payload;
  return Object.fromEntries(
    Object.entries(joined).map(([channel, text]) => [channel, text.replaceAll(/[0-9a-f]{64}/g, 'id')]),
  );
}

function contextOf(as: string): string {
  if (as.includes('exec-get')) return 'exec-get';
  if (as.includes('exec-create')) return 'exec-create';
  return as.includes('limited') ? 'limited' : 'admin';
}

describe('exec compared with recordings of a real kubelet', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster();
  });
  afterAll(() => cluster.close());

  it.each(fixture<Recorded[]>('exec').map((recorded): [string, Recorded] => [recorded.case, recorded]))(
    '%s',
    async (_name, recorded) => {
      const outcome = await exec(cluster, recorded, contextOf(recorded.as));

      expect(outcome.status).toBe(recorded.status);
      if (recorded.frames !== undefined) {
        expect(perChannel(outcome.frames)).toEqual(perChannel(recorded.frames));
        expect(outcome.frames[0]).toEqual({ channel: 1, payload: '' });
      } else if (typeof recorded.body === 'object') {
        expect(JSON.parse(outcome.body)).toEqual(recorded.body);
      } else {
        expect(outcome.body).toBe(recorded.body ?? '');
      }
    },
  );

  it('leaves the handshake hanging for a pod of a frozen kubelet, and says so in no other way', async () => {
    await setFault(cluster, 'agent', 'frozen');
    const path = '/api/v1/namespaces/kube-system/pods/cilium-62bql/exec?command=id&stdout=true&container=cilium-agent';
    const socket = new WebSocket(`${cluster.url.replace('https', 'wss')}${path}`, ['v5.channel.k8s.io'], {
      headers: { Authorization: `Bearer ${tokenOf(cluster, 'admin')}` },
      ca: cluster.certificateAuthority,
      handshakeTimeout: 400,
    });
    let failure = '';
    socket.on('error', (thrown) => {
      failure = thrown.message;
    });

    await until('the client gives up', () => failure !== '');

    expect(failure).toBe('Opening handshake has timed out');
    await setFault(cluster, 'agent', 'off');
    const outcome = await exec(cluster, { path, protocol: 'v5.channel.k8s.io' }, 'admin');
    expect(outcome.status).toBe(101);
  });
});
