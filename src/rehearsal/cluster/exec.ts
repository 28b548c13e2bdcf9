/** `pods/exec` over WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { runInAgent } from './agent/commands.ts';
import { type ExecInput, type ExecResult, runCommon, unwrapTimeout } from './agent/shell.ts';
import { ApiError, badRequest, forbidden, notFound, PlainTextError } from './api-error.ts';
import type { Cluster } from './cluster-state.ts';
import { CLOSE, frame, framesOf, PROTOCOLS, STDERR, STDIN, STDOUT, statusFrame } from './exec-frames.ts';
import { answerOf } from './http-answer.ts';
import { runIperf } from './iperf.ts';
import type { KubeObject } from './kube-object.ts';
import { chooseContainer, containerState, nodeOf } from './pod-containers.ts';
import { runOnNetwork } from './pod-network.ts';
import { isTrue, parseRequest, type ResourceRequest } from './request-info.ts';
import { authorizeResource, resolveType } from './router.ts';
import type { UserInfo } from './users.ts';

type Target = {
  readonly pod: KubeObject;
  readonly container: string;
  readonly argv: readonly string[];
  readonly query: URLSearchParams;
};

function authorizeExec(cluster: Cluster, user: UserInfo, info: ResourceRequest): void {
  authorizeResource(cluster, user, { ...info, verb: 'get' });
  const { group, resource, subresource, namespace, name } = info;
  const asked = { user, verb: 'create', group, resource, subresource, namespace, name };
  // A WebSocket handshake is a GET, yet 1.36 wants "create" as well, and says no without a reason: recorded.
  if (!cluster.authorizer.admit(asked).allowed) throw forbidden({ group, resource }, name, '');
}

function targetOf(cluster: Cluster, info: ResourceRequest): Target {
  const type = resolveType(cluster, info);
  const pod = cluster.store.get(type, info.namespace, info.name);
  if (pod === undefined) throw notFound(type, info.name);
  const container = chooseContainer(pod, info.query.get('container'));
  if (nodeOf(pod) === '') throw badRequest(`pod ${info.name} does not have a host assigned`);
  return { pod, container, argv: info.query.getAll('command'), query: info.query };
}

/** What the kubelet itself refuses, in plain text. */
function checkKubelet({ pod, container, query }: Target): void {
  const streams = ['stdin', 'stdout', 'stderr'].some((stream) => isTrue(query.get(stream)));
  if (!streams) throw new PlainTextError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  if (containerState(pod, container) !== 'running')
    throw new PlainTextError(500, `container not found ("${container}")`);
}

function checkProtocol(request: IncomingMessage): void {
  const offered = request.headers['sec-websocket-protocol'];
  if (offered === undefined) return;
  const known = offered.split(',').some((name) => (PROTOCOLS as readonly string[]).includes(name.trim()));
  if (!known) throw new PlainTextError(403, '');
}

/** Collects stdin until the client closes it (v5), hangs up, or never opened it. */
function stdinOf(socket: WebSocket, wanted: boolean): () => Promise<string> {
  const chunks: Buffer[] = [];
  const text = (): string => Buffer.concat(chunks).toString('utf8');
  if (!wanted) return () => Promise.resolve('');
  const closed = new Promise<string>((resolve) => {
    socket.on('message', (data: RawData) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(data as Buffer[]);
      if (bytes[0] === STDIN) chunks.push(bytes.subarray(1));
      // Channel 4 (terminal size) needs no answer.
      if (bytes[0] === CLOSE && bytes[1] === STDIN) resolve(text());
    });
    socket.on('close', () => resolve(text()));
  });
  return () => closed;
}

async function run(cluster: Cluster, target: Target, input: ExecInput): Promise<ExecResult> {
  if (input.argv.length === 0) return { type: 'not-started', why: 'args must not be empty' };
  const agent = target.container === 'cilium-agent' ? cluster.agents.agents.on(nodeOf(target.pod)) : undefined;
  if (agent !== undefined) return runInAgent(agent, input, cluster.agents);
  const { argv, seconds } = unwrapTimeout(input.argv);
  const benched = await runIperf(cluster, target.pod, { ...input, argv });
  if (benched !== undefined) return benched;
  const answered = await runOnNetwork(cluster.agents.agents, target.pod, { ...input, argv });
  if (answered !== undefined) return answered;
  return runCommon({ ...input, argv }, seconds);
}

type Exited = Extract<ExecResult, { readonly type: 'exited' }>;

/** A terminal has one stream: stderr joins stdout. */
function* outputFrames(result: Exited, query: URLSearchParams): Iterable<Buffer> {
  const errorChannel = isTrue(query.get('tty')) ? STDOUT : STDERR;
  if (isTrue(query.get('stdout'))) yield* framesOf(STDOUT, result.stdout);
  if (isTrue(query.get('stderr'))) yield* framesOf(errorChannel, result.stderr);
}

async function converse(cluster: Cluster, target: Target, socket: WebSocket): Promise<void> {
  const { argv, query } = target;
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  socket.on('error', () => gone.abort());
  const readStdin = stdinOf(socket, isTrue(query.get('stdin')));
  socket.send(frame(STDOUT, ''));
  const result = await run(cluster, target, { argv, readStdin, signal: gone.signal });
  if (gone.signal.aborted) return;
  if (result.type === 'exited') for (const part of outputFrames(result, query)) socket.send(part);
  // Without a sub-protocol there is no status channel at all.
  if (socket.protocol !== '') socket.send(statusFrame(result, argv, socket.protocol));
  socket.close(1000);
}

function refuse(socket: Duplex, thrown: unknown): number {
  const answer = answerOf(thrown);
  if (answer.type === 'streamed') return 500;
  const body = answer.type === 'json' ? `${JSON.stringify(answer.body)}\n` : answer.body;
  const type = answer.type === 'json' ? 'application/json' : 'text/plain; charset=utf-8';
  const reason = thrown instanceof ApiError ? thrown.status.reason : 'Error';
  const head = `HTTP/1.1 ${answer.code} ${reason}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
  return answer.code;
}

type Upgraded = {
  /** HTTP status; 0 when the handshake hangs on purpose. */
  readonly status: number;
  readonly user: string;
};

export type ExecServer = {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Upgraded;
  /** Answers in place of the handshake; returns the HTTP status. */
  readonly refuse: (socket: Duplex, thrown: unknown) => number;
  readonly close: () => void;
};

export function createExecServer(cluster: Cluster): ExecServer {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => PROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  const waiting = new Set<Duplex>();

  const accept = (user: UserInfo, request: IncomingMessage, socket: Duplex, head: Buffer): number => {
    const info = parseRequest('GET', request.url ?? '/');
    if (info.kind !== 'resource' || info.subresource !== 'exec') throw badRequest('Upgrade request required');
    authorizeExec(cluster, user, info);
    const target = targetOf(cluster, info);
    if (cluster.faults.isFrozen(nodeOf(target.pod))) {
      waiting.add(socket);
      socket.once('close', () => waiting.delete(socket));
      return 0;
    }
    checkKubelet(target);
    checkProtocol(request);
    server.handleUpgrade(request, socket, head, (open) => {
      void converse(cluster, target, open).catch(() => open.terminate());
    });
    return 101;
  };

  return {
    upgrade: (request, socket, head) => {
      let username = '';
      try {
        const user = cluster.authentication.userOf(request.headers);
        username = user.username;
        return { status: accept(user, request, socket, head), user: username };
      } catch (thrown: unknown) {
        return { status: refuse(socket, thrown), user: username };
      }
    },
    refuse,
    close: () => {
      for (const socket of waiting) socket.destroy();
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
