/** Pod statuses as a kubelet reports them while a pod starts, runs and fails. */
import { randomUUID } from 'node:crypto';
import { isRecord, type KubeObject, listAt, recordAt, textAt } from '../kube-object.ts';
import { withConditions } from './pods.ts';
import { timestamp } from './world.ts';

type State = Readonly<Record<string, unknown>>;

export function containerId(): string {
  return `containerd://${randomUUID().replaceAll('-', '')}${randomUUID().replaceAll('-', '')}`;
}

type ContainerInput = {
  readonly container: unknown;
  readonly state: State;
  readonly ready: boolean;
  readonly restartCount?: number;
  readonly lastState?: State;
};

function containerStatus({ container, state, ready, restartCount = 0, lastState = {} }: ContainerInput): State {
  const running = state['running'] !== undefined;
  const image = textAt(container, 'image');
  const ids =
    running || state['terminated'] !== undefined ? { imageID: image, containerID: containerId() } : { imageID: '' };
  const name = textAt(container, 'name');
  return { name, state, lastState, ready, restartCount, image, ...ids, started: running };
}

function withStatus(pod: KubeObject, status: State): KubeObject {
  return { ...pod, status: { ...recordAt(pod, 'status'), ...status } };
}

const WAITING: State = { waiting: { reason: 'PodInitializing' } };

function initStatuses(pod: KubeObject, done: number, now: Date): State[] {
  const at = timestamp(now);
  const completed = { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } };
  return listAt(pod, 'spec', 'initContainers').map((container, index) => {
    const current: State = index === done ? { running: { startedAt: at } } : WAITING;
    return containerStatus({ container, state: index < done ? completed : current, ready: index < done });
  });
}

/** `addresses` are given once the sandbox exists: at once on the host network, from the CNI otherwise. */
export function initializing(pod: KubeObject, done: number, now: Date, addresses: State): KubeObject {
  const total = listAt(pod, 'spec', 'initContainers').length;
  const reason = total > 0 ? 'PodInitializing' : 'ContainerCreating';
  const containerStatuses = listAt(pod, 'spec', 'containers').map((container) =>
    containerStatus({ container, state: { waiting: { reason } }, ready: false }),
  );
  const conditions = withConditions(
    pod,
    { Initialized: done >= total ? 'True' : 'False', Ready: 'False', ContainersReady: 'False', PodScheduled: 'True' },
    now,
  );
  const startTime = textAt(pod, 'status', 'startTime') || timestamp(now);
  const inits = total > 0 ? { initContainerStatuses: initStatuses(pod, done, now) } : {};
  return withStatus(pod, { phase: 'Pending', startTime, conditions, containerStatuses, ...inits, ...addresses });
}

export function running(pod: KubeObject, now: Date): KubeObject {
  const before = listAt(pod, 'status', 'containerStatuses');
  const containerStatuses = listAt(pod, 'spec', 'containers').map((container, index) => {
    const { lastState, restartCount } = recordAt(before[index]);
    return containerStatus({
      container,
      state: { running: { startedAt: timestamp(now) } },
      ready: false,
      restartCount: typeof restartCount === 'number' ? restartCount : 0,
      lastState: isRecord(lastState) ? lastState : {},
    });
  });
  return withStatus(pod, { phase: 'Running', containerStatuses });
}

export function ready(pod: KubeObject, now: Date): KubeObject {
  const containerStatuses = listAt(pod, 'status', 'containerStatuses').map((status) =>
    isRecord(status) ? { ...status, ready: true } : status,
  );
  const conditions = withConditions(pod, { Initialized: 'True', Ready: 'True', ContainersReady: 'True' }, now);
  return withStatus(pod, { containerStatuses, conditions });
}

/** What the status keeps of a crashed container's last words: 2,048 bytes of the log, cut before the fatal line. */
const CUT_LOG =
  'level=info msg="Final node label prefixes to be used for identity evaluation:"\nlevel=info msg="Auto-disabling \\"enable-bpf-clock-probe\\" feature since KERNEL_HZ cannot be determined" error="open /proc/schedstat: no such file or directory"\ntime=20';

/** A crash of the first container. Without `backOffSeconds` the kubelet starts it again at once. */
export function crashed(pod: KubeObject, now: Date, backOffSeconds: number): KubeObject {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const [first, ...others] = listAt(pod, 'status', 'containerStatuses');
  const { containerID, restartCount = 0 } = recordAt(first);
  const startedAt = textAt(first, 'state', 'running', 'startedAt');
  const terminated = {
    exitCode: 255,
    reason: 'Error',
    message: CUT_LOG,
    startedAt,
    finishedAt: timestamp(now),
    containerID,
  };
  const container = textAt(first, 'name');
  const message = `back-off ${backOffSeconds}s restarting failed container=${container} pod=${name}_${namespace}(${uid})`;
  const state = backOffSeconds === 0 ? { terminated } : { waiting: { reason: 'CrashLoopBackOff', message } };
  const status = { ...recordAt(first), ready: false, started: false, restartCount, state, lastState: { terminated } };
  const conditions = withConditions(pod, { Ready: 'False', ContainersReady: 'False' }, now);
  return withStatus(pod, { containerStatuses: [status, ...others], conditions });
}

/** The container runs again: one restart more. */
export function restarted(pod: KubeObject, now: Date): KubeObject {
  const [first, ...others] = listAt(pod, 'status', 'containerStatuses');
  const count = Number(recordAt(first)['restartCount'] ?? 0);
  const state = { running: { startedAt: timestamp(now) } };
  const status = { ...recordAt(first), containerID: containerId(), restartCount: count + 1, state, started: true };
  return withStatus(pod, { containerStatuses: [status, ...others] });
}

/** A pod that is not restarted ended; `words` are the last of its log, where it wants them in its status. */
export function endedBadly(pod: KubeObject, now: Date, words: string): KubeObject {
  const at = timestamp(now);
  const terminated = { exitCode: 1, reason: 'Error', message: words, startedAt: at, finishedAt: at };
  const containerStatuses = listAt(pod, 'spec', 'containers').map((container) =>
    containerStatus({ container, state: { terminated }, ready: false }),
  );
  const conditions = withConditions(pod, { Ready: 'False', ContainersReady: 'False' }, now);
  return withStatus(pod, { phase: 'Failed', containerStatuses, conditions });
}

export function imagePullFailed(pod: KubeObject, image: string, backingOff: boolean): KubeObject {
  const why = 'not found';
  const waiting = backingOff
    ? { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}": ErrImagePull: ${why}` }
    : { reason: 'ErrImagePull', message: `failed to pull and unpack image "${image}": ${why}` };
  const containerStatuses = listAt(pod, 'spec', 'containers').map((container) =>
    containerStatus({ container, state: { waiting }, ready: false }),
  );
  return withStatus(pod, { containerStatuses });
}

export function unschedulable(pod: KubeObject, now: Date, message: string): KubeObject {
  const others = listAt(pod, 'status', 'conditions').filter(
    (condition) => textAt(condition, 'type') !== 'PodScheduled',
  );
  const lastTransitionTime = timestamp(now);
  const scheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
  return withStatus(pod, { conditions: [...others, scheduled] });
}
