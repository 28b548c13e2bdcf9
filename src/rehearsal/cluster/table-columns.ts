/** Columns of `kubectl get`, per resource; the names are the real server's. */
import { ageOf, NONE, orNone } from './cells.ts';
import {
  AGE,
  type Column,
  CREATED_AT,
  column,
  countColumn,
  NAME,
  ofColumn,
  pairs,
  selectorText,
  templateColumns,
  textColumn,
  wide,
} from './columns.ts';
import { type KubeObject, listAt, recordAt, textAt } from './kube-object.ts';
import { podReady, podRestarts, podStatus } from './pod-cells.ts';
import type { ResourceType } from './resources.ts';

const NODE_INFO = ['status', 'nodeInfo'];

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const state = textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return recordAt(node, 'spec')['unschedulable'] === true ? `${state},SchedulingDisabled` : state;
}

function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(node.metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return orNone(
    roles
      .map((role) => role.slice(prefix.length))
      .sort()
      .join(','),
  );
}

function nodeAddress(type: string): (node: KubeObject) => string {
  return (node) => {
    const found = listAt(node, 'status', 'addresses').find((address) => textAt(address, 'type') === type);
    return orNone(textAt(found, 'address'));
  };
}

function servicePorts(service: KubeObject): string {
  const ports = listAt(service, 'spec', 'ports').map((port) => {
    const { port: number, nodePort, protocol = 'TCP' } = recordAt(port);
    return `${String(number)}${nodePort === undefined ? '' : `:${String(nodePort)}`}/${String(protocol)}`;
  });
  return orNone(ports.join(','));
}

function dataCount(object: KubeObject): number {
  return Object.keys(recordAt(object, 'data')).length + Object.keys(recordAt(object, 'binaryData')).length;
}

function subjects(kind: string): (binding: KubeObject) => string {
  return (binding) => {
    const found = listAt(binding, 'subjects').filter((subject) => textAt(subject, 'kind') === kind);
    const names = found.map((subject) =>
      [textAt(subject, 'namespace'), textAt(subject, 'name')].filter(Boolean).join('/'),
    );
    return names.join(', ');
  };
}

const BINDING: readonly Column[] = [
  NAME,
  column('Role', (object) => `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`),
  AGE,
  wide(column('Users', subjects('User'))),
  wide(column('Groups', subjects('Group'))),
  wide(column('ServiceAccounts', subjects('ServiceAccount'))),
];

function involved(event: KubeObject): string {
  return `${textAt(event, 'involvedObject', 'kind').toLowerCase()}/${textAt(event, 'involvedObject', 'name')}`;
}

function lastSeen(event: KubeObject, now: Date): string {
  return ageOf(textAt(event, 'lastTimestamp') || textAt(event, 'eventTime') || event.metadata.creationTimestamp, now);
}

function eventSource(event: KubeObject): string {
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const host = textAt(event, 'source', 'host');
  return host === '' ? component : `${component}, ${host}`;
}

function ciliumAddress(type: string): (node: KubeObject) => string {
  return (node) =>
    textAt(
      listAt(node, 'spec', 'addresses').find((address) => textAt(address, 'type') === type),
      'ip',
    );
}

function endpointAddress(endpoint: KubeObject, family: string): string {
  return textAt(listAt(endpoint, 'status', 'networking', 'addressing')[0], family);
}

function disruption(field: string): (budget: KubeObject) => string {
  return (budget) => String(recordAt(budget, 'spec')[field] ?? 'N/A');
}

const TABLES: Readonly<Record<string, readonly Column[]>> = {
  '/pods': [
    NAME,
    column('Ready', podReady),
    column('Status', podStatus),
    column('Restarts', podRestarts),
    AGE,
    wide(textColumn('IP', 'status', 'podIP')),
    wide(textColumn('Node', 'spec', 'nodeName')),
    wide(textColumn('Nominated Node', 'status', 'nominatedNodeName')),
    wide(column('Readiness Gates', () => NONE)),
  ],
  '/nodes': [
    NAME,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    AGE,
    textColumn('Version', ...NODE_INFO, 'kubeletVersion'),
    wide(column('Internal-IP', nodeAddress('InternalIP'))),
    wide(column('External-IP', nodeAddress('ExternalIP'))),
    wide(textColumn('OS-Image', ...NODE_INFO, 'osImage')),
    wide(textColumn('Kernel-Version', ...NODE_INFO, 'kernelVersion')),
    wide(textColumn('Container-Runtime', ...NODE_INFO, 'containerRuntimeVersion')),
  ],
  'apps/deployments': [
    NAME,
    ofColumn('Ready', ['status', 'readyReplicas'], ['spec', 'replicas']),
    countColumn('Up-to-date', 'status', 'updatedReplicas'),
    countColumn('Available', 'status', 'availableReplicas'),
    AGE,
    ...templateColumns(),
  ],
  'apps/daemonsets': [
    NAME,
    countColumn('Desired', 'status', 'desiredNumberScheduled'),
    countColumn('Current', 'status', 'currentNumberScheduled'),
    countColumn('Ready', 'status', 'numberReady'),
    countColumn('Up-to-date', 'status', 'updatedNumberScheduled'),
    countColumn('Available', 'status', 'numberAvailable'),
    column('Node Selector', (object) => pairs(recordAt(object, 'spec', 'template', 'spec', 'nodeSelector'))),
    AGE,
    ...templateColumns(),
  ],
  'apps/replicasets': [
    NAME,
    countColumn('Desired', 'spec', 'replicas'),
    countColumn('Current', 'status', 'replicas'),
    countColumn('Ready', 'status', 'readyReplicas'),
    AGE,
    ...templateColumns(),
  ],
  'apps/statefulsets': [
    NAME,
    ofColumn('Ready', ['status', 'readyReplicas'], ['spec', 'replicas']),
    AGE,
    ...templateColumns(false),
  ],
  '/services': [
    NAME,
    textColumn('Type', 'spec', 'type'),
    textColumn('Cluster-IP', 'spec', 'clusterIP'),
    column('External-IP', () => NONE),
    column('Port(s)', servicePorts),
    AGE,
    wide(column('Selector', (object) => pairs(recordAt(object, 'spec', 'selector')))),
  ],
  '/configmaps': [NAME, column('Data', dataCount), AGE],
  '/secrets': [NAME, textColumn('Type', 'type'), column('Data', dataCount), AGE],
  '/namespaces': [NAME, textColumn('Status', 'status', 'phase'), AGE],
  '/serviceaccounts': [NAME, column('Secrets', (object) => listAt(object, 'secrets').length), AGE],
  'coordination.k8s.io/leases': [NAME, textColumn('Holder', 'spec', 'holderIdentity'), AGE],
  'policy/poddisruptionbudgets': [
    NAME,
    column('Min Available', disruption('minAvailable')),
    column('Max Unavailable', disruption('maxUnavailable')),
    countColumn('Allowed Disruptions', 'status', 'disruptionsAllowed'),
    AGE,
  ],
  'networking.k8s.io/networkpolicies': [
    NAME,
    column('Pod-Selector', (object) => selectorText(recordAt(object, 'spec', 'podSelector'))),
    AGE,
  ],
  '/events': [
    column('Last Seen', lastSeen),
    textColumn('Type', 'type'),
    textColumn('Reason', 'reason'),
    column('Object', involved),
    wide(column('Subobject', (event) => textAt(event, 'involvedObject', 'fieldPath'))),
    wide(column('Source', eventSource)),
    column('Message', (event) => textAt(event, 'message').trim()),
    wide(column('First Seen', (event, now) => ageOf(textAt(event, 'firstTimestamp'), now))),
    wide(countColumn('Count', 'count')),
    wide(NAME),
  ],
  'rbac.authorization.k8s.io/clusterroles': [NAME, CREATED_AT],
  'rbac.authorization.k8s.io/roles': [NAME, CREATED_AT],
  'rbac.authorization.k8s.io/clusterrolebindings': BINDING,
  'rbac.authorization.k8s.io/rolebindings': BINDING,
  'apiextensions.k8s.io/customresourcedefinitions': [NAME, CREATED_AT],
  'cilium.io/ciliumnodes': [
    NAME,
    column('CiliumInternalIP', ciliumAddress('CiliumInternalIP')),
    column('InternalIP', ciliumAddress('InternalIP')),
    AGE,
  ],
  'cilium.io/ciliumendpoints': [
    NAME,
    countColumn('Security Identity', 'status', 'identity', 'id'),
    column('Endpoint State', (object) => textAt(object, 'status', 'state')),
    column('IPv4', (object) => endpointAddress(object, 'ipv4')),
    column('IPv6', (object) => endpointAddress(object, 'ipv6')),
  ],
  'cilium.io/ciliumidentities': [
    NAME,
    column('Namespace', (object) => object.metadata.labels?.['io.kubernetes.pod.namespace'] ?? ''),
    AGE,
  ],
};

const DEFAULT: readonly Column[] = [NAME, AGE];

export function columnsOf(type: ResourceType): readonly Column[] {
  return TABLES[type.storage] ?? DEFAULT;
}
