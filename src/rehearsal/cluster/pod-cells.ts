/** The Status, Ready and Restarts cells of a pod, by the rules of the server's own printer. */
import { ageOf } from './cells.ts';
import { type KubeObject, listAt, numberAt, recordAt, textAt } from './kube-object.ts';

function isReady(status: unknown): boolean {
  return recordAt(status)['ready'] === true && recordAt(status, 'state')['running'] !== undefined;
}

function reasonOfState(status: unknown): string {
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  const terminated = recordAt(status, 'state')['terminated'];
  if (waiting !== '') return waiting;
  if (terminated === undefined) return '';
  const reason = textAt(terminated, 'reason');
  return reason === '' ? `ExitCode:${numberAt(terminated, 'exitCode')}` : reason;
}

function initReason(pod: KubeObject): string {
  const statuses = listAt(pod, 'status', 'initContainerStatuses');
  const failing = statuses.findIndex((status) => {
    const exitedWell = numberAt(status, 'state', 'terminated', 'exitCode') === 0;
    return !(recordAt(status, 'state')['terminated'] !== undefined && exitedWell);
  });
  if (failing < 0) return '';
  const reason = reasonOfState(statuses[failing]);
  const plain = reason === '' || reason === 'PodInitializing';
  return `Init:${plain ? `${failing}/${listAt(pod, 'spec', 'initContainers').length}` : reason}`;
}

export function podStatus(pod: KubeObject): string {
  const gone = textAt(pod, 'status', 'reason') === 'NodeLost';
  if (pod.metadata.deletionTimestamp !== undefined) return gone ? 'Unknown' : 'Terminating';
  const init = initReason(pod);
  if (init !== '') return init;
  const reasons = listAt(pod, 'status', 'containerStatuses').map(reasonOfState);
  const first = reasons.find((reason) => reason !== '');
  const running = listAt(pod, 'status', 'containerStatuses').some(isReady);
  if (first === 'Completed' && running) return 'Running';
  return first ?? (textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase'));
}

export function podReady(pod: KubeObject): string {
  const ready = listAt(pod, 'status', 'containerStatuses').filter(isReady).length;
  return `${ready}/${listAt(pod, 'spec', 'containers').length}`;
}

export function podRestarts(pod: KubeObject, now: Date): string {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const restarts = statuses.reduce<number>((sum, status) => sum + numberAt(status, 'restartCount'), 0);
  const last =
    statuses
      .map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt'))
      .sort()
      .at(-1) ?? '';
  return restarts === 0 || last === '' ? String(restarts) : `${restarts} (${ageOf(last, now)} ago)`;
}
