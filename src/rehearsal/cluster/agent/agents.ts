/**
 * The agents of the rehearsal cluster, one per node. What an agent says follows the ConfigMap it STARTED with: a changed
 * ConfigMap alone changes nothing in a datapath until the agent restarts.
 */
import { type KubeObject, listAt, recordAt, stringsAt, textAt } from '../kube-object.ts';
import type { ResourceTable, ResourceType } from '../resources.ts';
import { readEntry, type Store } from '../store.ts';
import { type Entry, fieldOf } from '../store-entry.ts';

export type AgentConfig = Readonly<Record<string, string>>;

/** Addresses of one node, as its CiliumNode tells them. */
export type NodeFacts = {
  readonly name: string;
  readonly nodeIp: string;
  readonly routerIp: string;
  readonly healthIp: string;
  readonly podCidrs: readonly string[];
  readonly createdAtMs: number;
};

export type Agent = NodeFacts & {
  readonly config: AgentConfig;
  readonly startedAtMs: number;
  /** Routes to the pods of other nodes are in place; turned off, the agent leaves those it once made (recorded). */
  readonly directRoutes: boolean;
};

export type LocalEndpoint = {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly id: number;
};

export type Agents = {
  readonly on: (nodeName: string) => Agent | undefined;
  readonly nodes: () => readonly NodeFacts[];
  readonly endpointsOn: (node: NodeFacts) => readonly LocalEndpoint[];
  /** The agent of a node starts again: it reads the ConfigMap as it is now. */
  readonly restart: (nodeName: string) => void;
  /** Starts this agent with settings other than the ConfigMap's, for mixed states. */
  readonly override: (nodeName: string, settings: AgentConfig) => void;
  /** The ConfigMap as it is now. */
  readonly configNow: () => AgentConfig;
  /** The agent of a node loads this configuration into its datapath. */
  readonly start: (nodeName: string, config: AgentConfig) => void;
  /** Whether the agent's pod is Ready, so that the node's CNI works. */
  readonly isUp: (nodeName: string) => boolean;
  readonly setUp: (nodeName: string, up: boolean) => void;
  /** Whether the agent's API answers: not while it starts. */
  readonly answers: (nodeName: string) => boolean;
  readonly setStarting: (nodeName: string) => void;
  /** The network between the nodes knows the way to pods: a router, BGP or the cloud. */
  readonly underlayRoutesPods: () => boolean;
  readonly setUnderlayRoutesPods: (routes: boolean) => void;
  /** How many times faster than real time the agents' own intervals pass. */
  readonly speed: number;
  /** Every agent back to what the ConfigMap said at the start of the cluster. */
  readonly reset: () => void;
};

type Started = Pick<Agent, 'config' | 'startedAtMs' | 'directRoutes'>;

const CONFIG_MAP = { namespace: 'kube-system', name: 'cilium-config' };

function addressOf(node: KubeObject, type: string): string {
  const found = listAt(node, 'spec', 'addresses').find((address) => textAt(address, 'type') === type);
  return textAt(found, 'ip');
}

function factsOf(node: KubeObject): NodeFacts {
  return {
    name: node.metadata.name,
    nodeIp: addressOf(node, 'InternalIP'),
    routerIp: addressOf(node, 'CiliumInternalIP'),
    healthIp: textAt(node, 'spec', 'health', 'ipv4'),
    podCidrs: stringsAt(node, 'spec', 'ipam', 'podCIDRs'),
    createdAtMs: Date.parse(node.metadata.creationTimestamp ?? ''),
  };
}

export function isNative(agent: Pick<Agent, 'config'>): boolean {
  return agent.config['routing-mode'] === 'native';
}

function makesRoutes(config: AgentConfig): boolean {
  return isNative({ config }) && config['auto-direct-node-routes'] === 'true';
}

function required(type: ResourceType | undefined): ResourceType {
  if (type === undefined) throw new Error('the resource table lacks a type that the agents read');
  return type;
}

function toEndpoint(object: KubeObject): LocalEndpoint {
  const [address] = listAt(object, 'status', 'networking', 'addressing');
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    ip: textAt(address, 'ipv4'),
    id: Number(recordAt(object, 'status')['id'] ?? 0),
  };
}

/** Derived views of the store, remade only after a write to what they are made from. */
function createViews(store: Store, table: ResourceTable) {
  const nodeType = required(table.find('cilium.io', 'v2', 'ciliumnodes'));
  const endpointType = required(table.find('cilium.io', 'v2', 'ciliumendpoints'));
  let nodes: ReadonlyMap<string, NodeFacts> | undefined;
  let endpoints: Map<string, Entry[]> | undefined;
  store.subscribe((change) => {
    if (change.storage === nodeType.storage) nodes = undefined;
    if (change.storage === endpointType.storage) endpoints = undefined;
  });

  const indexEndpoints = (): Map<string, Entry[]> => {
    const index = new Map<string, Entry[]>();
    for (const entry of store.scan(endpointType, '')) {
      const node = fieldOf(entry, 'status.networking.node');
      const known = index.get(node);
      if (known === undefined) index.set(node, [entry]);
      else known.push(entry);
    }
    return index;
  };

  return {
    forget: () => {
      nodes = undefined;
      endpoints = undefined;
    },
    nodes: (): ReadonlyMap<string, NodeFacts> => {
      nodes ??= new Map([...store.scan(nodeType, '')].map((entry) => [entry.name, factsOf(readEntry(entry))]));
      return nodes;
    },
    endpointsOn: (nodeIp: string): readonly LocalEndpoint[] => {
      endpoints ??= indexEndpoints();
      return (endpoints.get(nodeIp) ?? []).map((entry) => toEndpoint(readEntry(entry)));
    },
  };
}

export function createAgents(store: Store, table: ResourceTable, nowMs: () => number, speed = 1): Agents {
  const configMapType = required(table.find('', 'v1', 'configmaps'));
  const views = createViews(store, table);
  const started = new Map<string, Started>();

  const currentConfig = (): AgentConfig => {
    const found = store.get(configMapType, CONFIG_MAP.namespace, CONFIG_MAP.name);
    return recordAt(found, 'data') as AgentConfig;
  };
  let atStart = currentConfig();
  const down = new Set<string>();
  const starting = new Set<string>();
  let underlayRoutesPods = false;
  const start = (nodeName: string, config: AgentConfig): void => {
    const hadRoutes = started.get(nodeName)?.directRoutes ?? makesRoutes(atStart);
    const directRoutes = makesRoutes(config) || (isNative({ config }) && hadRoutes);
    starting.delete(nodeName);
    started.set(nodeName, { config, startedAtMs: nowMs(), directRoutes });
  };

  return {
    on: (nodeName) => {
      const facts = views.nodes().get(nodeName);
      if (facts === undefined) return undefined;
      const own = started.get(nodeName);
      const first = { config: atStart, startedAtMs: facts.createdAtMs, directRoutes: makesRoutes(atStart) };
      return { ...facts, ...(own ?? first) };
    },
    nodes: () => [...views.nodes().values()],
    endpointsOn: (node) => views.endpointsOn(node.nodeIp),
    restart: (nodeName) => start(nodeName, currentConfig()),
    override: (nodeName, settings) => start(nodeName, { ...currentConfig(), ...settings }),
    configNow: currentConfig,
    start,
    underlayRoutesPods: () => underlayRoutesPods,
    setUnderlayRoutesPods: (routes) => {
      underlayRoutesPods = routes;
    },
    speed,
    answers: (nodeName) => !starting.has(nodeName),
    setStarting: (nodeName) => void starting.add(nodeName),
    isUp: (nodeName) => !down.has(nodeName),
    setUp: (nodeName, up) => {
      if (up) down.delete(nodeName);
      else down.add(nodeName);
    },
    reset: () => {
      started.clear();
      down.clear();
      starting.clear();
      views.forget();
      atStart = currentConfig();
    },
  };
}
