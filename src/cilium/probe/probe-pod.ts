import { z } from 'zod';
import { ObjectMeta } from '../facts/kube-objects.ts';
import {
  CLIENT_SCRIPT,
  PROBE_PORT,
  type ProbeTarget,
  SERVER_ARGS,
  TARGETS_VARIABLE,
  targetsVariable,
} from './probe-script.ts';

/** Labels on everything a probe makes: removed by run, swept by age. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGER = 'cilium-chatops';
const COMPONENT = 'app.kubernetes.io/component';
const RUN_LABEL = 'cilium-chatops/run';
const NODE_ANNOTATION = 'cilium-chatops/node';
const TARGETS_ANNOTATION = 'cilium-chatops/targets';

export const PROBE_CONTAINER = 'probe';
export type ProbeRole = 'probe-server' | 'probe-client';

export type ProbePodSpec = {
  readonly role: ProbeRole;
  readonly owner: string;
  readonly namespace: string;
  readonly image: string;
  readonly node: string;
  readonly targets: readonly ProbeTarget[];
  /** The kubelet ends the pod after this: what a lost worker leaves behind does not run for ever. */
  readonly ttlSeconds: number;
};

export function probeSelector(owner: string): string {
  return `${MANAGED_BY}=${MANAGER},${RUN_LABEL}=${owner}`;
}

/**
 * A pod for one node, whatever its taints, with nothing that the restricted Pod Security Standard forbids. Bound by
 * affinity as a DaemonSet's pods are, so that the scheduler still counts its resources.
 */
export function probePod(spec: ProbePodSpec): object {
  const { role, owner, namespace, node, ttlSeconds } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${role}-`,
      namespace,
      labels: { [MANAGED_BY]: MANAGER, [COMPONENT]: role, [RUN_LABEL]: owner },
      annotations: { [NODE_ANNOTATION]: node, [TARGETS_ANNOTATION]: targetsVariable(spec.targets) },
    },
    spec: {
      affinity: onNode(node),
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: ttlSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_532,
        runAsGroup: 65_532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [containerOf(spec)],
    },
  };
}

function onNode(node: string): object {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
}

function containerOf({ role, image, targets }: ProbePodSpec): object {
  const common = {
    name: PROBE_CONTAINER,
    image,
    imagePullPolicy: 'IfNotPresent',
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '192Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
  if (role === 'probe-client')
    return {
      ...common,
      command: ['sh', '-c', CLIENT_SCRIPT],
      env: [{ name: TARGETS_VARIABLE, value: targetsVariable(targets) }],
    };
  return {
    ...common,
    args: [...SERVER_ARGS],
    ports: [{ containerPort: PROBE_PORT, name: 'http' }],
    readinessProbe: { httpGet: { path: '/clientip', port: PROBE_PORT }, periodSeconds: 1, timeoutSeconds: 1 },
  };
}

const RawPod = z.object({
  metadata: ObjectMeta.extend({ uid: z.string().default('') }),
  spec: z.object({ activeDeadlineSeconds: z.number().optional() }).prefault({}),
  status: z
    .object({
      phase: z.string().default('Pending'),
      podIP: z.string().optional(),
      reason: z.string().optional(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .catch([])
        .default([]),
      containerStatuses: z
        .array(
          z.object({
            state: z
              .object({
                waiting: z.object({ reason: z.string().default('') }).optional(),
                terminated: z.object({ reason: z.string().default(''), message: z.string().optional() }).optional(),
              })
              .catch({})
              .default({}),
          }),
        )
        .catch([])
        .default([]),
    })
    .prefault({}),
});

export type ProbePod = {
  readonly name: string;
  readonly uid: string;
  readonly role: string;
  readonly owner: string;
  readonly node: string;
  readonly targets: string;
  readonly address: string | undefined;
  readonly ready: boolean;
  /** Pending or Running and not being deleted: one that may still do its work. */
  readonly alive: boolean;
  /** Why it is not ready: ImagePullBackOff, its last words, or what the scheduler says. */
  readonly trouble: string | undefined;
  readonly createdAt: string | undefined;
  readonly ttlSeconds: number | undefined;
};

export function parseProbePod(raw: unknown): ProbePod | undefined {
  const parsed = RawPod.safeParse(raw);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const isReady = status.conditions.some(({ type, status: state }) => type === 'Ready' && state === 'True');
  const waiting = status.containerStatuses.map(({ state }) => state.waiting?.reason).find(isTrouble);
  const ended = status.containerStatuses
    .map(({ state: { terminated: end } }) => end?.message ?? end?.reason)
    .find(isTrouble);
  const unscheduled = status.conditions.find(({ type, status: state }) => type === 'PodScheduled' && state === 'False');
  const isGone = metadata.deletionTimestamp !== undefined;
  return {
    name: metadata.name,
    uid: metadata.uid,
    role: metadata.labels[COMPONENT] ?? '',
    owner: metadata.labels[RUN_LABEL] ?? '',
    node: metadata.annotations[NODE_ANNOTATION] ?? '',
    targets: metadata.annotations[TARGETS_ANNOTATION] ?? '',
    address: status.podIP,
    ready: isReady && !isGone,
    alive: !isGone && (status.phase === 'Pending' || status.phase === 'Running'),
    trouble: waiting ?? ended ?? unscheduled?.message ?? status.reason,
    createdAt: metadata.creationTimestamp,
    ttlSeconds: spec.activeDeadlineSeconds,
  };
}

function isTrouble(reason: string | undefined): reason is string {
  return reason !== undefined && reason !== '' && reason !== 'ContainerCreating' && reason !== 'PodInitializing';
}
