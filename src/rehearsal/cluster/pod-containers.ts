/** Which container of a pod a request means, and whether it runs: shared by exec and log. */
import { badRequest } from './api-error.ts';
import { type KubeObject, listAt, recordAt, textAt } from './kube-object.ts';

export type ContainerState = 'running' | 'waiting' | 'terminated' | 'missing';

function names(pod: KubeObject, field: string): string[] {
  return listAt(pod, 'spec', field).map((container) => textAt(container, 'name'));
}

function allContainers(pod: KubeObject): string[] {
  return [...names(pod, 'initContainers'), ...names(pod, 'containers')];
}

/** The named container, or the only one. @throws ApiError 400 for a wrong or an ambiguous name. */
export function chooseContainer(pod: KubeObject, asked: string | null): string {
  const { name } = pod.metadata;
  if (asked !== null && asked !== '') {
    if (!allContainers(pod).includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const containers = names(pod, 'containers');
  const [only = ''] = containers;
  if (containers.length === 1) return only;
  const choices = `choose one of: [${containers.join(' ')}]`;
  const init = names(pod, 'initContainers');
  const more = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${name}, ${choices}${more}`);
}

function statusOf(pod: KubeObject, container: string): unknown {
  const all = [...listAt(pod, 'status', 'containerStatuses'), ...listAt(pod, 'status', 'initContainerStatuses')];
  return all.find((status) => textAt(status, 'name') === container);
}

export function containerState(pod: KubeObject, container: string): ContainerState {
  const state = recordAt(statusOf(pod, container), 'state');
  if (state['running'] !== undefined) return 'running';
  if (state['waiting'] !== undefined) return 'waiting';
  return state['terminated'] === undefined ? 'missing' : 'terminated';
}

export function waitingReason(pod: KubeObject, container: string): string {
  return textAt(statusOf(pod, container), 'state', 'waiting', 'reason');
}

/** The id of the container's last run, as messages about removed containers quote it. */
export function lastContainerId(pod: KubeObject, container: string): string {
  return textAt(statusOf(pod, container), 'lastState', 'terminated', 'containerID');
}

export function nodeOf(pod: KubeObject): string {
  return textAt(pod, 'spec', 'nodeName');
}
