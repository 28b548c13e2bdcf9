/**
 * Pod Security Admission, `enforce` alone: what the baseline and the restricted standard forbid of pods that are
 * created, in the words of the API server. Ephemeral and init containers, which nobody makes here, are not looked at.
 */
import { forbidden } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { at, type KubeObject, listAt, recordAt, stringsAt, textAt } from './kube-object.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** @throws ApiError 403 */
export function checkPodSecurity({ cluster, type, info }: ResourceCall, pod: KubeObject): void {
  const namespaces = cluster.table.find('', 'v1', 'namespaces');
  if (type.storage !== '/pods' || namespaces === undefined) return;
  const level = cluster.store.get(namespaces, '', info.namespace)?.metadata.labels?.[ENFORCE] ?? 'privileged';
  if (level === 'privileged') return;
  const problems = [...baseline(pod), ...(level === 'restricted' ? restricted(pod) : [])];
  if (problems.length === 0) return;
  const version = 'latest';
  throw forbidden(type, pod.metadata.name, `violates PodSecurity "${level}:${version}": ${problems.join(', ')}`);
}

function baseline(pod: KubeObject): readonly string[] {
  const onHost = at(pod, 'spec', 'hostNetwork') === true;
  const ports = containersOf(pod).flatMap((container) => {
    // On the host's network every port of a container is one of the host's.
    const used = listAt(container, 'ports').map((port) => at(port, onHost ? 'containerPort' : 'hostPort'));
    const taken = used.filter((port) => port !== undefined);
    return taken.length === 0 ? [] : [`container "${textAt(container, 'name')}" uses hostPort ${taken.join(', ')}`];
  });
  const paths = listAt(pod, 'spec', 'volumes').filter((volume) => at(volume, 'hostPath') !== undefined);
  return [
    ...(onHost ? ['host namespaces (hostNetwork=true)'] : []),
    ...(ports.length === 0 ? [] : [`hostPort (${ports.join('; ')})`]),
    ...(paths.length === 0
      ? []
      : [`hostPath volumes (${paths.map((each) => `volume "${textAt(each, 'name')}"`).join(', ')})`]),
    ...mustSet(pod, 'privileged', ['securityContext', 'privileged'], (value) => value !== true),
  ];
}

function restricted(pod: KubeObject): readonly string[] {
  const shared = recordAt(pod, 'spec', 'securityContext');
  const nonRoot = shared['runAsNonRoot'] === true;
  const profile = textAt(shared, 'seccompProfile', 'type') !== '';
  return [
    ...mustSet(pod, 'allowPrivilegeEscalation != false', ['securityContext', 'allowPrivilegeEscalation'], isFalse),
    ...containersOf(pod)
      .filter((container) => !stringsAt(container, 'securityContext', 'capabilities', 'drop').includes('ALL'))
      .map((container) => `unrestricted capabilities (container "${textAt(container, 'name')}" must drop ALL)`),
    ...(nonRoot ? [] : ['runAsNonRoot != true (pod must set securityContext.runAsNonRoot=true)']),
    ...(profile ? [] : ['seccompProfile (pod must set securityContext.seccompProfile.type)']),
  ];
}

function isFalse(value: unknown): boolean {
  return value === false;
}

function mustSet(
  pod: KubeObject,
  name: string,
  path: readonly string[],
  isFine: (value: unknown) => boolean,
): readonly string[] {
  const wrong = containersOf(pod).filter((container) => !isFine(at(container, ...path)));
  const said = wrong.map((container) => `container "${textAt(container, 'name')}"`).join(', ');
  return wrong.length === 0 ? [] : [`${name} (${said} must set ${path.join('.')} otherwise)`];
}

function containersOf(pod: KubeObject): readonly unknown[] {
  return listAt(pod, 'spec', 'containers');
}
