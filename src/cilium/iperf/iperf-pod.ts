import type { Series } from '../../core/benchmark/benchmark.ts';
import { MANAGED_BY, MANAGER } from '../probe/probe-pod.ts';
import type { BenchSettings } from './iperf-settings.ts';
import { OMITTED_SECONDS } from './iperf-settings.ts';

/** Has iperf3 3.16, and is known in many registries' mirrors; any image with `iperf3` will do. */
export const BENCH_IMAGE = 'docker.io/nicolaka/netshoot:v0.13';
export const BENCH_CONTAINER = 'iperf3';

export type BenchPath = Series['path'];
const PORTS: Readonly<Record<BenchPath, number>> = { pod: 5201, host: 5202 };
export const ROLES: Readonly<Record<BenchPath, string>> = { pod: 'iperf-pod', host: 'iperf-host' };

export type BenchPodSpec = {
  readonly path: BenchPath;
  readonly owner: string;
  readonly namespace: string;
  readonly image: string;
  readonly node: string;
  readonly ttlSeconds: number;
};

/**
 * One pod is both ends: it runs the server, and clients are executed in it. Bound to its node by affinity, whatever its
 * taints, with nothing that the restricted Pod Security Standard forbids but for the host network of the baseline. No
 * probe: five connections that say nothing end an iperf3 server.
 */
export function benchPod(spec: BenchPodSpec): object {
  const { path, owner, namespace, node, ttlSeconds } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${ROLES[path]}-`,
      namespace,
      labels: {
        [MANAGED_BY]: MANAGER,
        'app.kubernetes.io/component': ROLES[path],
        'cilium-chatops/run': owner,
      },
      annotations: { 'cilium-chatops/node': node },
    },
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
          },
        },
      },
      tolerations: [{ operator: 'Exists' }],
      ...(path === 'host' ? { hostNetwork: true } : {}),
      // A server that cannot have its port says so and ends: that is an answer, not something to try again.
      restartPolicy: 'Never',
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
      // iperf3 keeps its buffers in a temporary file.
      volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }],
      containers: [containerOf(spec)],
    },
  };
}

function containerOf({ path, image }: BenchPodSpec): object {
  return {
    name: BENCH_CONTAINER,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['iperf3', '-s', '-p', String(PORTS[path])],
    ports: [{ containerPort: PORTS[path], name: 'iperf3' }],
    // Four cores saturate 40 Gbit/s; less would measure the limit.
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '4', memory: '512Mi' } },
    // Its last words are the reason: `unable to start listener for connections: Address already in use`.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}

type Client = Pick<BenchSettings, 'seconds' | 'protocol' | 'udpMbit' | 'reverse'> & {
  readonly path: BenchPath;
  readonly address: string;
  readonly streams: number;
};

/** One measurement. `--connect-timeout` is in milliseconds; without it a lost SYN takes minutes. */
export function clientCommand(client: Client): readonly [string, ...string[]] {
  const { path, address, streams, seconds, protocol, udpMbit, reverse } = client;
  const perStream = Math.max(1, Math.round(udpMbit / streams));
  return [
    'iperf3',
    ...['-c', address, '-p', String(PORTS[path]), '-J', '--connect-timeout', '5000'],
    ...['-t', String(seconds), '-O', String(OMITTED_SECONDS), '-P', String(streams)],
    ...(protocol === 'udp' ? ['-u', '-b', `${perStream}M`] : []),
    ...(reverse ? ['-R'] : []),
  ];
}

/** Why a pod of ours is not ready, in words that say what to do. `trouble` is what the kubelet or the scheduler said. */
export function podTrouble(trouble: string | undefined, image: string): { readonly why: string; readonly fix: string } {
  const fix = 'look at the pod’s events and log';
  if (trouble === undefined) return { why: 'its server did not get ready in time', fix };
  const found = TROUBLES.find(([pattern]) => pattern.test(trouble));
  if (found === undefined) return { why: trouble, fix };
  return { why: found[1], fix: found[2].replace('IMAGE', image) };
}

const TROUBLES: readonly (readonly [RegExp, string, string])[] = [
  [/Image|ErrPull/, 'its image cannot be pulled', 'the image is IMAGE; BENCH_IMAGE names a mirror of it'],
  [/address already in use/i, 'its port is taken on this node', 'see who listens there, or measure with --no-baseline'],
  [/free ports/i, 'its port is taken by another pod of this node', 'measure other nodes, or with --no-baseline'],
  [/insufficient|too many pods/i, 'the node is full', 'measure other nodes with --from and --to'],
  [/untolerated taint|affinity|selector/i, 'the scheduler puts nothing on this node', 'measure other nodes'],
  [/CreateContainerConfigError|non-root/i, 'the image cannot run as non-root', 'the image is IMAGE: name another'],
  [
    /StartError|executable file not found|RunContainerError/i,
    'the image has no iperf3',
    'the image is IMAGE: name another',
  ],
];
