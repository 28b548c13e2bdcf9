import type { ErrorCode } from '../core/errors.ts';
import { type Asked, singular } from './asked.ts';

/** Code, what happened, what to do about it. */
export type Told = readonly [code: ErrorCode, message: string, nextStep: string];

/** What an answer says about a failure. */
export type Facts = {
  readonly http: number;
  readonly reason: string;
  /** The server's own words: the Status message, else the plain text. */
  readonly said: string;
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  readonly isStatus: boolean;
  readonly location: string;
  /** `kind/name` of the object the answer is about. */
  readonly named: string | undefined;
};

type Row = {
  readonly when: (facts: Facts, asked: Asked) => boolean;
  readonly say: (facts: Facts, asked: Asked) => Told;
};

/**
 * What the answers of an API server mean; the first row that fits decides. Recorded on a real cluster (Kubernetes
 * 1.36): each recorded answer is a test case.
 */
export const TABLE: readonly Row[] = [
  {
    when: ({ http }) => http === 401,
    say: (_, { cluster }) => [
      'Unauthenticated',
      `cluster ${cluster} does not accept the bot's credentials`,
      'renew the token, certificate or service account of this cluster in the worker',
    ],
  },
  {
    when: ({ http, said }) => http === 403 && said.includes('"system:anonymous"'),
    say: (_, { cluster, verb, what }) => [
      'Unauthenticated',
      `cluster ${cluster} takes the bot for an anonymous user, who may not ${verb} ${what}`,
      'the context has no credentials: give its user a token, a certificate or a credential plugin',
    ],
  },
  {
    when: ({ said }) => said.startsWith('admission webhook'),
    say: ({ said }, { what }) => ['Rejected', `${what}: ${said}`, 'ask the owner of that admission policy'],
  },
  {
    when: ({ http, said }) => http === 403 && said.includes('exceeded quota'),
    say: ({ said }) => ['Rejected', said, 'raise the ResourceQuota of the namespace or free some of it'],
  },
  {
    when: ({ http, said }) => http === 403 && said.includes('violates PodSecurity'),
    say: ({ said }, { what }) => [
      'Rejected',
      `${what}: the namespace's pod security level forbids it, ${said.replace(/^.*?violates /, 'it violates ')}`,
      'label the namespace pod-security.kubernetes.io/enforce=privileged, or do without what it forbids',
    ],
  },
  {
    when: ({ http, causes }) => http === 403 && causes.some((each) => each.reason === 'NamespaceTerminating'),
    say: ({ said }) => ['Rejected', said, 'wait until the namespace is gone, or use another one'],
  },
  {
    // A role with only `get` on pods/exec answers with nothing after the colon; both verbs are needed for WebSockets.
    when: ({ http, said }, { permission }) => http === 403 && permission.includes('/exec') && /forbidden: $/.test(said),
    say: (_, { what, cluster }) => [
      'Forbidden',
      `the bot may not run commands in ${what} of ${cluster}`,
      'grant its role both `get` and `create` on `pods/exec`',
    ],
  },
  {
    when: ({ http, isStatus }) => http === 403 && !isStatus,
    say: (_, { server, verb, what }) => [
      'UnexpectedAnswer',
      `something before ${server} refused to ${verb} ${what}, without a reason`,
      'check that proxies between the worker and the API server let it through, WebSockets too',
    ],
  },
  { when: ({ http }) => http === 403, say: forbidden },
  {
    when: ({ said }) => /^container \S+ is not valid for pod/.test(said),
    say: ({ said }, { what }) => [
      'NotFound',
      `there is no container ${said.split(' ')[1]} in ${what}`,
      'see its containers with `kubectl describe pod`',
    ],
  },
  {
    when: ({ said }) => said.includes('is waiting to start'),
    say: ({ said }) => ['ExecFailed', said, 'see why with `kubectl describe pod`'],
  },
  {
    when: ({ said }) => said.includes('does not have a host assigned'),
    say: (_, { what }) => ['ExecFailed', `${what} has no node yet`, 'see why with `kubectl describe pod`'],
  },
  {
    when: ({ said }) => said === 'Upgrade request required',
    say: (_, { server }) => [
      'UnexpectedAnswer',
      `the WebSocket to ${server} arrived as a plain request`,
      'let proxies between the worker and the API server pass WebSocket upgrades',
    ],
  },
  {
    when: ({ http, isStatus, said }) => http === 404 && (!isStatus || said.startsWith('the server could not find')),
    say: (_, { cluster, apiVersion, what }) => [
      'NotFound',
      `cluster ${cluster} does not serve ${what}${apiVersion === '' ? '' : ` (${apiVersion})`}`,
      apiVersion.startsWith('cilium.io/')
        ? 'install Cilium, or check that its CRDs are there: `kubectl get crd | grep cilium`'
        : `check that the server serves it: \`kubectl api-resources\``,
    ],
  },
  {
    // The object of the answer is another one than that of the question when its namespace is missing.
    when: ({ http }) => http === 404,
    say: ({ named }, { what, plural, cluster }) => [
      'NotFound',
      `there is no ${named === undefined || named.startsWith(`${singular(plural)} `) ? what : named} on ${cluster}`,
      'check the spelling and the namespace',
    ],
  },
  {
    when: ({ http }) => http === 405 || http === 406 || http === 415,
    say: ({ said }, { verb, what }) => [
      'UnexpectedAnswer',
      `the server cannot ${verb} ${what} this way (${said})`,
      'check that the address is a Kubernetes API server of a supported version',
    ],
  },
  {
    when: ({ http, reason }) => http === 409 && reason === 'AlreadyExists',
    say: ({ named }, { what, cluster }) => [
      'Conflict',
      `${named ?? what} exists already on ${cluster}`,
      'use another name, or remove the one that is there',
    ],
  },
  {
    when: ({ http, causes }) => http === 409 && causes.some((each) => each.reason === 'FieldManagerConflict'),
    say: ({ causes }, { what }) => [
      'Conflict',
      `others own fields of ${what}: ${causes.map((each) => `${each.field} (${each.message})`).join(', ')}`,
      'change it through its owner (Helm, Argo CD, Flux), which would otherwise put the old value back',
    ],
  },
  {
    when: ({ http }) => http === 409,
    say: ({ said }, { what }) => [
      'Conflict',
      `${what} was ${said.includes('the UID in the precondition') ? 'deleted and created anew' : 'changed'} meanwhile`,
      'look at it again, then retry',
    ],
  },
  {
    when: ({ http }) => http === 410,
    say: (_, { what }) => [
      'Expired',
      `the list of ${what} took longer than the server keeps its snapshot`,
      'run it again',
    ],
  },
  {
    when: ({ http }) => http === 400 || http === 422 || http === 413,
    say: ({ said, causes }, { what }) => [
      'Rejected',
      `the server refused the request for ${what}: ${causes.length > 0 ? causesIn(causes) : said}`,
      'correct the value it names',
    ],
  },
  {
    when: ({ causes }) => causes.some((each) => each.reason === 'DisruptionBudget'),
    say: ({ causes }, { what }) => [
      'TooManyRequests',
      `${what} may not be evicted now: ${causesIn(causes)}`,
      'wait until more of its pods are healthy, or loosen the PodDisruptionBudget',
    ],
  },
  {
    when: ({ http }) => http === 429,
    say: (_, { cluster }) => [
      'TooManyRequests',
      `the API server of ${cluster} is overloaded and asks to wait`,
      'try again in a minute; if it stays, look at its priority and fairness metrics',
    ],
  },
  {
    when: ({ said }) => said.includes('more than one PodDisruptionBudget'),
    say: (_, { what }) => [
      'Rejected',
      `${what} is covered by more than one PodDisruptionBudget, so it cannot be evicted`,
      'remove all but one of the PodDisruptionBudgets that select it',
    ],
  },
  {
    when: ({ said }) => said.startsWith('container not found'),
    say: ({ said }, { what }) => [
      'ExecFailed',
      `${said}: it is not running in ${what}`,
      'see why with `kubectl describe pod`',
    ],
  },
  {
    // The doubled prefix and the OCI text come from the container runtime; `timeout:` lines are handled in exec.
    when: ({ said }) => /executable file not found|no such file or directory/.test(said),
    say: (_, { what, command }) => [
      'ExecFailed',
      `there is no command ${command ?? ''} in ${what}`,
      'check the container image: an older or stripped one may not have it',
    ],
  },
  {
    when: ({ said }) => /exec failed.*permission denied/.test(said),
    say: (_, { what, command }) => [
      'ExecFailed',
      `${command ?? 'the command'} in ${what} is not executable`,
      'check the image',
    ],
  },
  {
    when: ({ said }) => said.includes('error executing command in container'),
    say: ({ said }, { what, command }) => [
      'ExecFailed',
      `${command ?? 'the command'} could not start in ${what}: ${said.slice(said.lastIndexOf('container: ') + 11)}`,
      'look at the container with `kubectl describe pod`',
    ],
  },
  {
    // The API server reached, but not the kubelet behind it.
    when: ({ said }) => /error dialing backend|No agent available|proxy error from/.test(said),
    say: ({ said }, { what }) => [
      'ExecFailed',
      `the API server cannot reach the kubelet behind ${what}: ${said}`,
      'check that the node is up and that port 10250 is open to the control plane',
    ],
  },
  {
    when: ({ said }) => said.includes('failed calling webhook'),
    say: ({ said }) => ['Rejected', said, 'repair or remove the admission webhook it names'],
  },
  {
    when: ({ http }) => http === 504 || http === 408,
    say: ({ said }, { cluster, what }) => [
      'ClusterTimeout',
      `the API server of ${cluster} ran out of time for ${what}${said === '' ? '' : ` (${said})`}`,
      'try again; if it stays, look at the load of the API server and etcd',
    ],
  },
  {
    when: ({ http }) => http >= 500,
    say: ({ http, said }, { cluster }) => [
      'ClusterUnreachable',
      `the API server of ${cluster} failed (${http}${said === '' ? '' : `: ${said}`})`,
      'look at the API server: `kubectl get --raw /readyz?verbose`',
    ],
  },
  {
    when: ({ http }) => http >= 300 && http < 400,
    say: ({ http, location }, { server }) => [
      'BadConfig',
      `${server} redirects (${http}) to ${location}, as login pages do, and not as an API server would`,
      'set the server address of the cluster to the API server itself',
    ],
  },
];

function causesIn(causes: Facts['causes']): string {
  return causes.map((each) => (each.field === '' ? each.message : `${each.field}: ${each.message}`)).join('; ');
}

const RBAC_REFUSAL =
  /^(?:.* )?User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/;

/** Names the right that was missing as the server named it: for exec it may be another one than was asked. */
function forbidden({ said }: Facts, { cluster, verb, what, permission }: Asked): Told {
  const refused = RBAC_REFUSAL.exec(said)?.groups;
  if (refused === undefined)
    return [
      'Forbidden',
      `the bot may not ${verb} ${what} on ${cluster}${said === '' ? '' : `: ${said}`}`,
      `extend its role, then check with \`kubectl auth can-i ${permission}\``,
    ];
  const { user, verb: missing, resource = '', group, namespace } = refused;
  const [plural, subresource] = resource.split('/');
  const full = `${plural}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  const scope = namespace === undefined ? '-A' : `-n ${namespace}`;
  return [
    'Forbidden',
    `${user} may not ${missing} ${resource}${namespace === undefined ? '' : ` in ${namespace}`} on ${cluster}`,
    `extend its role, then check with \`kubectl auth can-i ${missing} ${full} ${scope} --as=${user}\``,
  ];
}
