/** `pods/log`: a few believable lines per container; made, not stored. */
import type { ServerResponse } from 'node:http';
import { sameLink } from './agent/routes.ts';
import { badRequest, notFound } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { type Answer, commonHeaders } from './http-answer.ts';
import type { KubeObject } from './kube-object.ts';
import { chooseContainer, containerState, lastContainerId, nodeOf, waitingReason } from './pod-containers.ts';
import { isTrue } from './request-info.ts';

type Line = { readonly atMs: number; readonly text: string };

const FOLLOW_INTERVAL_MS = 1_000;

const AGENT_LINES = [
  'level=info msg="Auto-detected local ports to reserve in the container namespace for transparent DNS proxy" module=agent.controlplane.cilium-restapi.config-modification ports=[8472]',
  'level=info msg="Conntrack garbage collector interval recalculated" module=agent.datapath.maps.ct-nat-map-gc newInterval=7m30s',
];

function agentLine(index: number, atMs: number): Line {
  const text = `time=${new Date(atMs).toISOString()} ${AGENT_LINES[index % AGENT_LINES.length] ?? ''}`;
  return { atMs, text };
}

/** The only words of an agent about a node that it has no route to; it stays Ready and healthy (recorded). */
function routeWarnings({ cluster }: ResourceCall, pod: KubeObject, nowMs: number): Line[] {
  const { agents } = cluster.agents;
  const own = agents.on(nodeOf(pod));
  if (own?.config['auto-direct-node-routes'] !== 'true') return [];
  const unrouted = agents.nodes().filter((node) => node.name !== own.name && !sameLink(own.nodeIp, node.nodeIp));
  return unrouted.map((node) => {
    const gateway = `contains gateway ${node.nodeIp}, must be directly reachable`;
    const warning = `level=warn msg="Unable to install direct node route" error="route to ${node.podCidrs[0] ?? ''} ${gateway}"`;
    return { atMs: nowMs - 5_000, text: `time=${new Date(nowMs - 5_000).toISOString()} ${warning}` };
  });
}

function linesOf(call: ResourceCall, pod: KubeObject, container: string): Line[] {
  const nowMs = call.cluster.now().getTime();
  if (containerState(pod, container) === 'terminated') return [{ atMs: nowMs - 60_000, text: 'done' }];
  if (container !== 'cilium-agent') return [];
  const routine = Array.from({ length: 60 }, (_, index) => agentLine(index, nowMs - (60 - index) * 20_000));
  return [...routine, ...routeWarnings(call, pod, nowMs)];
}

/** What a crash-looping agent wrote last: the line that says why is only here, not in the pod's status (recorded). */
function crashLog({ cluster }: ResourceCall, pod: KubeObject, container: string): string | undefined {
  if (container !== 'cilium-agent' || waitingReason(pod, container) !== 'CrashLoopBackOff') return undefined;
  const why = cluster.controllers.lastWords(pod) ?? `invalid daemon configuration: ${NO_CIDR} ${OPTIONS}`;
  const at = cluster.now().toISOString();
  const before = 'level=info msg="Final node label prefixes to be used for identity evaluation:"';
  return `time=${at} ${before}\ntime=${at} level=fatal msg="${why}" subsys=daemon\n`;
}

const NO_CIDR = 'native routing cidr must be configured with option --ipv4-native-routing-cidr in combination with';
const OPTIONS =
  '--enable-ipv4=true --enable-ipv4-masquerade=true --enable-ip-masq-agent=false --routing-mode=native --ipam=cluster-pool';

function cut(lines: readonly Line[], query: URLSearchParams, nowMs: number): readonly Line[] {
  const seconds = query.get('sinceSeconds');
  const since = query.get('sinceTime');
  const fromMs = seconds === null ? Date.parse(since ?? '1970-01-01T00:00:00Z') : nowMs - Number(seconds) * 1_000;
  const recent = lines.filter((line) => line.atMs >= fromMs);
  const tail = query.get('tailLines');
  if (tail === null) return recent;
  return Number(tail) === 0 ? [] : recent.slice(-Number(tail));
}

function render(line: Line, timestamps: boolean): string {
  return timestamps ? `${new Date(line.atMs).toISOString()} ${line.text}\n` : `${line.text}\n`;
}

/** `limitBytes` cuts the end off, in the middle of a line if it must. */
function limited(text: string, query: URLSearchParams): string {
  const limit = query.get('limitBytes');
  return limit === null ? text : text.slice(0, Number(limit));
}

/** Keeps the answer open and adds a line now and then, until the client leaves. */
function follow(response: ServerResponse, more: () => readonly Line[], timestamps: boolean): void {
  const timer = setInterval(() => {
    for (const line of more()) response.write(render(line, timestamps));
  }, FOLLOW_INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
}

/** What is added to a log after `sinceMs`: the questions of a probe, a line a second of an agent. */
function newLines(call: ResourceCall, pod: KubeObject, container: string): () => readonly Line[] {
  let sinceMs = call.cluster.now().getTime();
  return () => {
    const nowMs = call.cluster.now().getTime();
    const probes = call.cluster.controllers.probeLines(pod);
    const fresh = probes?.filter((line) => line.atMs > sinceMs);
    sinceMs = nowMs;
    return fresh ?? (container === 'cilium-agent' ? [agentLine(0, nowMs)] : []);
  };
}

/** @throws ApiError 404 (pod), 400 (container name, container not started). */
export function readLog(call: ResourceCall, response: ServerResponse): Answer {
  const { cluster, type, info } = call;
  const pod = cluster.store.get(type, info.namespace, info.name);
  if (pod === undefined) throw notFound(type, info.name);
  const container = chooseContainer(pod, info.query.get('container'));
  const previous = isTrue(info.query.get('previous'));
  const lastId = lastContainerId(pod, container);
  if (previous && lastId === '') {
    throw badRequest(`previous terminated container "${container}" in pod "${info.name}" not found`);
  }
  if (!previous && containerState(pod, container) === 'waiting' && lastId === '') {
    const reason = waitingReason(pod, container);
    throw badRequest(`container "${container}" in pod "${info.name}" is waiting to start: ${reason}`);
  }

  response.writeHead(200, { ...commonHeaders(), 'Content-Type': 'text/plain' });
  const nowMs = cluster.now().getTime();
  if (previous) {
    // A removed container's log: HTTP 200 with this text instead of lines, as recorded.
    response.end(crashLog(call, pod, container) ?? `unable to retrieve container logs for ${lastId}`);
    return { type: 'streamed' };
  }
  const timestamps = isTrue(info.query.get('timestamps'));
  const lines = cluster.controllers.probeLines(pod) ?? linesOf(call, pod, container);
  const wanted = cut(lines, info.query, nowMs).map((line) => render(line, timestamps));
  response.write(limited(wanted.join(''), info.query));
  if (isTrue(info.query.get('follow'))) {
    response.flushHeaders();
    follow(response, newLines(call, pod, container), timestamps);
  } else {
    response.end();
  }
  return { type: 'streamed' };
}
