/** The board of things a person or a test can break. `off` always means "works". */
import type { UiSwitch } from '../slack/ui-protocol.ts';

export const OFF = 'off';

export type FaultId =
  | 'api'
  | 'watches'
  | 'continue-tokens'
  | 'agent'
  | 'node'
  | 'access'
  | 'cilium'
  | 'rollout'
  | 'images'
  | 'benchmark'
  | 'helm'
  | 'network'
  | 'owner'
  | 'budget';

type Switch = Omit<UiSwitch, 'value'> & { readonly id: FaultId };

export const SWITCHES: readonly Switch[] = [
  {
    id: 'api',
    label: 'Kubernetes API',
    options: [
      { value: OFF, label: 'answers' },
      { value: 'slow', label: 'slow: 2 s more per request' },
      { value: 'errors', label: 'fails: HTTP 500' },
      { value: 'overloaded', label: 'refuses: HTTP 429, try again in 1 s' },
      { value: 'unreachable', label: 'unreachable: connections are reset' },
      { value: 'gone-5s', label: 'gone for 5 s, then back' },
      { value: 'gone-15s', label: 'gone for 15 s, then back' },
      { value: 'gone-60s', label: 'gone for 60 s, then back' },
    ],
  },
  {
    id: 'watches',
    label: 'Watches',
    options: [
      { value: OFF, label: 'stay open' },
      { value: 'dropped', label: 'are cut after a second' },
    ],
  },
  {
    id: 'continue-tokens',
    label: 'Continue tokens',
    options: [
      { value: OFF, label: 'stay valid' },
      { value: 'expired', label: 'expire at once: HTTP 410' },
    ],
  },
  {
    id: 'agent',
    label: 'Cilium agent on the last node',
    options: [
      { value: OFF, label: 'answers' },
      { value: 'frozen', label: 'does not answer: exec hangs' },
      { value: 'crashing', label: 'is down: CrashLoopBackOff' },
    ],
  },
  {
    id: 'node',
    label: 'Last node',
    options: [
      { value: OFF, label: 'Ready' },
      { value: 'not-ready', label: 'NotReady: the kubelet stopped posting' },
    ],
  },
  {
    id: 'access',
    label: "The bot's permissions",
    options: [
      { value: OFF, label: 'complete' },
      { value: 'no-exec', label: 'may not exec into agents' },
      { value: 'no-secrets', label: 'may not read Secrets' },
      { value: 'none', label: 'none at all' },
    ],
  },
  {
    id: 'cilium',
    label: 'Cilium',
    options: [
      { value: OFF, label: 'installed, VXLAN tunnel' },
      { value: 'not-rolled-out', label: 'ConfigMap says native, agents not restarted' },
      { value: 'mixed', label: 'first agent native, the others tunnel' },
      { value: 'absent', label: 'not installed' },
    ],
  },
  {
    id: 'rollout',
    label: 'A replaced agent on the last node',
    options: [
      { value: OFF, label: 'comes back' },
      { value: 'pending', label: 'stays Pending' },
      { value: 'crash', label: 'crashes: CrashLoopBackOff' },
      { value: 'old-mode', label: 'comes back in the mode of before' },
      { value: 'frozen-kubelet', label: 'is not touched: the kubelet is frozen' },
    ],
  },
  {
    id: 'images',
    label: 'Images of probe and benchmark pods',
    options: [
      { value: OFF, label: 'are pulled' },
      { value: 'missing', label: 'cannot be pulled: ImagePullBackOff' },
    ],
  },
  {
    id: 'benchmark',
    label: 'Benchmarks',
    options: [
      { value: OFF, label: 'run' },
      { value: 'port-taken', label: 'find their port taken on the last node' },
      { value: 'killed', label: 'have their client killed' },
      { value: 'full', label: 'find no room: the last node is full' },
      { value: 'slower-native', label: 'are a third slower between pods once routing is native' },
    ],
  },
  {
    id: 'helm',
    label: 'helm upgrade',
    options: [
      { value: OFF, label: 'runs to its end' },
      { value: 'dies-before', label: 'dies before it writes: release left pending' },
      { value: 'dies-half-way', label: 'dies after the ConfigMap: release left pending' },
    ],
  },
  {
    id: 'network',
    label: 'Network between the nodes',
    options: [
      { value: OFF, label: 'one L2' },
      { value: 'other-l2', label: 'last node behind a router' },
      { value: 'routed', label: 'a router knows the way to every pod' },
    ],
  },
  {
    id: 'owner',
    label: 'Who else owns Cilium',
    options: [
      { value: OFF, label: 'nobody: a Helm release' },
      { value: 'argo-cd', label: 'Argo CD' },
      { value: 'flux', label: 'Flux' },
      { value: 'helm-chart', label: 'a HelmChart object' },
      { value: 'field-manager', label: 'a second field manager on cilium-config' },
    ],
  },
  {
    id: 'budget',
    label: 'Disruption budget of legacy-web',
    options: [
      { value: OFF, label: 'allows one at a time' },
      { value: 'blocks', label: 'allows none' },
    ],
  },
];
