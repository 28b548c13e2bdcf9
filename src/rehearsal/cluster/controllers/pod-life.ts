/**
 * The steps from Pending to Ready. Times are those seen on a real cluster: an agent pod is Ready about 12.5 s after its
 * predecessor was deleted, its datapath changes about 7 s after.
 */
import type { AgentConfig } from '../agent/agents.ts';
import { type KubeObject, listAt, stringsAt, textAt } from '../kube-object.ts';
import { configurationError } from './agent-config.ts';
import { runCrashLoop } from './crash-loop.ts';
import { allocateAddress, createEndpoint } from './endpoints.ts';
import { endedBadly, imagePullFailed, initializing, ready, running } from './pod-status.ts';
import { isAgent, isHostNetwork } from './pods.ts';
import { schedule } from './scheduler.ts';
import { removeAgentTaint } from './taints.ts';
import type { ControllerWorld } from './world.ts';

export const SCHEDULE_MS = 50;
export const RETRY_MS = 1_000;
const INIT_CONTAINER_MS = 1_000;
const CONTAINER_START_MS = 300;
/** From the agent's start until it has loaded its programs and routes. */
const DATAPATH_MS = 500;
const AGENT_READY_MS = 5_400;
const READY_MS = 700;

/** One pod on its way: what it needs to know between steps. */
export type Life = { config?: AgentConfig; address?: string };

export type Step = (pod: KubeObject, life: Life) => { readonly next?: Step; readonly afterMs?: number };

export function nodeOf(pod: KubeObject): string {
  return textAt(pod, 'spec', 'nodeName');
}

export function hasStarted(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'containerStatuses').length > 0 || textAt(pod, 'status', 'phase') !== 'Pending';
}

function hostAddress(world: ControllerWorld, node: string): string {
  const addresses = listAt(world.store.get(world.type('v1', 'Node'), '', node), 'status', 'addresses');
  return textAt(
    addresses.find((address) => textAt(address, 'type') === 'InternalIP'),
    'address',
  );
}

function addressesOf(world: ControllerWorld, pod: KubeObject, podIP: string): Readonly<Record<string, unknown>> {
  const hostIP = hostAddress(world, nodeOf(pod));
  const own = isHostNetwork(pod) ? hostIP : podIP;
  const podIPs = own === '' ? {} : { podIP: own, podIPs: [{ ip: own }] };
  return { hostIP, hostIPs: [{ ip: hostIP }], ...podIPs };
}

/** Whether this node's CNI works: its agent pod is Ready, as far as the API knows. */
function agentReady(world: ControllerWorld, node: string): boolean {
  return world.agents.isUp(node);
}

function images(pod: KubeObject): string[] {
  return listAt(pod, 'spec', 'containers').map((container) => textAt(container, 'image'));
}

const PORT_TAKEN =
  'iperf3: error - unable to start listener for connections: Address already in use\niperf3: exiting\n';

function findsPortTaken(world: ControllerWorld, pod: KubeObject): boolean {
  const isServer = listAt(pod, 'spec', 'containers').some((each) => stringsAt(each, 'command')[0] === 'iperf3');
  return isServer && isHostNetwork(pod) && world.troubles.portTaken(nodeOf(pod));
}

/** What lives write down on their way. */
export type LifeRecords = {
  /** Last words of crashing agents, by uid. */
  readonly failures: Map<string, string>;
  /** Addresses given to pods that are not Ready yet. */
  readonly taken: Set<string>;
  /** The containers of an ordinary pod run. */
  readonly begin: (pod: KubeObject) => void;
};

/** From the start of the containers to Ready. */
function createStart(world: ControllerWorld, { failures, taken, begin }: LifeRecords): Step {
  const type = world.type('v1', 'Pod');
  const put = (pod: KubeObject): KubeObject => world.store.put(type, pod);

  const becomeReady: Step = (pod, life) => {
    put(ready(pod, world.now()));
    if (isAgent(pod)) {
      world.agents.setUp(nodeOf(pod), true);
      removeAgentTaint(world, nodeOf(pod));
    }
    if (life.address !== undefined) taken.delete(life.address);
    return {};
  };

  const loadDatapath: Step = (pod, { config }) => {
    if (config !== undefined) world.agents.start(nodeOf(pod), config);
    return { next: becomeReady, afterMs: AGENT_READY_MS };
  };

  const start: Step = (pod, { config, address }) => {
    put(running(pod, world.now()));
    if (!isAgent(pod)) {
      if (address !== undefined) createEndpoint(world, pod, address);
      begin(pod);
      return { next: becomeReady, afterMs: READY_MS };
    }
    world.agents.setStarting(nodeOf(pod));
    const sick = world.troubles.agentTrouble(nodeOf(pod)) === 'crash';
    const why = sick ? 'unable to initialize kernel datapath: file exists' : configurationError(config ?? {});
    if (why === undefined) return { next: loadDatapath, afterMs: DATAPATH_MS };
    failures.set(pod.metadata.uid ?? '', why);
    runCrashLoop(world, pod);
    return {};
  };
  return start;
}

/** An agent that comes back in the old mode keeps what it started with the last time. */
function configFor(world: ControllerWorld, node: string): AgentConfig {
  const old = world.troubles.agentTrouble(node) === 'old-mode' ? world.agents.on(node)?.config : undefined;
  return old ?? world.agents.configNow();
}

/** The first step of a pod's life. */
export function createPodLife(world: ControllerWorld, records: LifeRecords): Step {
  const type = world.type('v1', 'Pod');
  const put = (pod: KubeObject): KubeObject => world.store.put(type, pod);
  const { taken } = records;
  const start = createStart(world, records);

  const endAtOnce: Step = (pod) => {
    put(endedBadly(pod, world.now(), PORT_TAKEN));
    return {};
  };

  const pull: Step = (pod) => {
    const missing = images(pod).find((image) => world.troubles.imageMissing(image));
    const first = findsPortTaken(world, pod) ? endAtOnce : start;
    if (missing === undefined) return { next: first, afterMs: CONTAINER_START_MS };
    const before = listAt(pod, 'status', 'containerStatuses')[0];
    put(imagePullFailed(pod, missing, textAt(before, 'state', 'waiting', 'reason') === 'ErrImagePull'));
    return { next: pull, afterMs: 10_000 };
  };

  const initStep =
    (done: number): Step =>
    (pod, life) => {
      // The init container `config` comes first: it alone reads the ConfigMap, restarts of the agent do not.
      if (isAgent(pod) && done === 1) life.config = configFor(world, nodeOf(pod));
      put(initializing(pod, done, world.now(), addressesOf(world, pod, life.address ?? '')));
      const total = listAt(pod, 'spec', 'initContainers').length;
      if (done >= total) return { next: pull, afterMs: 0 };
      return { next: initStep(done + 1), afterMs: INIT_CONTAINER_MS };
    };

  const sandbox: Step = (pod, life) => {
    const node = nodeOf(pod);
    if (world.troubles.agentTrouble(node) === 'pending' && isAgent(pod)) return { next: sandbox, afterMs: RETRY_MS };
    if (isHostNetwork(pod)) return initStep(0)(pod, life);
    if (!agentReady(world, node)) {
      if (!hasStarted(pod)) put(initializing(pod, 0, world.now(), { hostIP: hostAddress(world, node) }));
      return { next: sandbox, afterMs: RETRY_MS };
    }
    const address = allocateAddress(world, node, taken);
    if (address === undefined) return { next: sandbox, afterMs: RETRY_MS };
    taken.add(address);
    life.address = address;
    return initStep(0)(pod, life);
  };

  const bind: Step = (pod) => {
    const bound = schedule(world, pod);
    return nodeOf(bound) === '' ? { next: bind, afterMs: RETRY_MS } : { next: sandbox, afterMs: SCHEDULE_MS };
  };
  return bind;
}
