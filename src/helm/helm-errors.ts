import { type ErrorCode, OpsError } from '../core/errors.ts';

/** What helm was asked to do, for people. */
export type HelmAsked = {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** `upgrade`, `rollback` … */
  readonly verb: string;
};

type Told = readonly [code: ErrorCode, message: string, nextStep: string];
type Row = { readonly when: RegExp; readonly say: (match: RegExpExecArray, asked: HelmAsked) => Told };

const MAX_MESSAGE = 400;

/**
 * What helm prints when it fails (helm 3.17 and 4.1, recorded on a real cluster where that is possible: each recording
 * is a test case); the first row that fits decides. Helm has one exit code for everything, so its words must do.
 */
const TABLE: readonly Row[] = [
  {
    when: /another operation \(install\/upgrade\/rollback\) is in progress/,
    say: (_, { cluster, namespace, name }) => [
      'Conflict',
      `another Helm operation on ${name} is under way on ${cluster}, or was left unfinished`,
      `see \`helm -n ${namespace} history ${name}\`; when nobody is at it, \`helm -n ${namespace} rollback ${name}\``,
    ],
  },
  {
    when: /has no deployed releases|release: not found|release has no .* version/,
    say: (_, { cluster, namespace, name }) => [
      'NotFound',
      `there is no deployed Helm release ${name} in ${namespace} on ${cluster}`,
      'look it up with `helm list -A --all`',
    ],
  },
  {
    when: /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<scope>[^"]*)")?/,
    say: ({ groups = {} }, { cluster }) => {
      const { user, verb, resource, group, scope } = groups;
      const full = group === '' || group === undefined ? resource : `${resource}.${group}`;
      const place = scope === undefined ? '-A' : `-n ${scope}`;
      return [
        'Forbidden',
        `${user} may not ${verb} ${resource}${scope === undefined ? '' : ` in ${scope}`} on ${cluster}, which helm needs`,
        `extend its role, then check with \`kubectl auth can-i ${verb} ${full} ${place} --as=${user}\``,
      ];
    },
  },
  {
    when: /Unauthorized|must be logged in|asked for the client to provide credentials/,
    say: (_, { cluster }) => [
      'Unauthenticated',
      `cluster ${cluster} does not accept the bot's credentials`,
      'renew the token, certificate or service account of this cluster in the worker',
    ],
  },
  {
    when: /admission webhook "[^"]*" denied the request.*/s,
    say: ([said]) => ['Rejected', said, 'ask the owner of that admission policy'],
  },
  {
    when: /execution error at \((?<where>[^)]*)\):\s*(?<why>.*)/s,
    say: ({ groups = {} }) => [
      'Rejected',
      `the chart refuses these values: ${groups['why']} (${groups['where']})`,
      'correct the value it names with the owner of the release, then ask again',
    ],
  },
  {
    when: /values don't meet the specifications of the schema\(s\).*?:\s*(?<why>.*)/s,
    say: ({ groups = {} }) => [
      'Rejected',
      `the values do not fit the chart's schema: ${groups['why']}`,
      'correct the value it names with the owner of the release, then ask again',
    ],
  },
  {
    when: /chart requires kubeVersion: (?<wanted>.*?) which is incompatible with Kubernetes (?<found>\S+)/,
    say: ({ groups = {} }) => [
      'Rejected',
      `the deployed chart requires Kubernetes ${groups['wanted']}, and this is ${groups['found']}`,
      'upgrade Cilium to a version that supports this Kubernetes first',
    ],
  },
  {
    when: /conflicts? (?:with|occurred|\d)|Apply failed with \d+ conflict.*/s,
    say: ({ input }) => [
      'Conflict',
      `others own what helm would change: ${input}`,
      'change it through its owner (Argo CD, Flux, an operator), which would otherwise put the old value back',
    ],
  },
  {
    when: /exists and cannot be imported into the current release.*/s,
    say: ({ input }) => ['Rejected', input, 'find out who made that object, and let Helm adopt it or remove it'],
  },
  {
    when: /the object has been modified|sh\.helm\.release\.v1\.\S+" already exists/,
    say: (_, { cluster, name }) => [
      'Conflict',
      `somebody else changed release ${name} on ${cluster} at the same time`,
      'look at `helm history`, then ask again',
    ],
  },
  {
    when: /nil pointer evaluating|error calling include|template: \S+:\d+:\d+: .*/s,
    say: ({ input }) => [
      'Rejected',
      `the chart cannot be rendered with the values of the release: ${input}`,
      'try `helm upgrade --dry-run=server` by hand',
    ],
  },
  {
    when: /certificate (?:signed by|has expired|is (?:not )?valid)|x509:/,
    say: ({ input }, { cluster }) => [
      'BadConfig',
      `helm does not trust the certificate of cluster ${cluster}: ${input}`,
      'check `certificate-authority-data` in the kubeconfig',
    ],
  },
  {
    when: /context deadline exceeded|i\/o timeout|timed out|TLS handshake timeout/,
    say: (_, { cluster, verb }) => [
      'ClusterTimeout',
      `cluster ${cluster} did not answer helm ${verb} in time`,
      'check the API server and the way to it',
    ],
  },
  {
    when: /cluster unreachable|connection refused|connection reset|no such host|network is unreachable|connection lost|\bEOF\b/i,
    say: (_, { cluster, verb }) => [
      'ClusterUnreachable',
      `helm ${verb} cannot reach cluster ${cluster}`,
      'check the API server and the way to it',
    ],
  },
  {
    when: / is invalid: .*|field is immutable/s,
    say: ({ input }) => [
      'Rejected',
      `the API server refused an object of the chart: ${input}`,
      'correct what it names',
    ],
  },
];

/** What a helm that ended with `stderr` failed at, in the words of a person who has to act on it. */
export function toHelmError(stderr: string, asked: HelmAsked): OpsError {
  const said = lastError(stderr);
  for (const { when, say } of TABLE) {
    const match = when.exec(said);
    if (match === null) continue;
    const [code, message, nextStep] = say(match, asked);
    return new OpsError(code, clipped(message), { nextStep, cause: new Error(clipped(said)) });
  }
  return new OpsError(
    'UnexpectedAnswer',
    clipped(`helm ${asked.verb} failed: ${said === '' ? 'no reason given' : said}`),
    {
      nextStep: `see \`helm -n ${asked.namespace} history ${asked.name}\` and run it by hand`,
      cause: new Error(clipped(said)),
    },
  );
}

/** Warnings come before it; `UPGRADE FAILED:` says nothing that the caller does not know. */
function lastError(stderr: string): string {
  const at = stderr.lastIndexOf('\nError: ');
  const from = at >= 0 ? stderr.slice(at + 1) : stderr;
  return from
    .trim()
    .replace(/^Error:\s*/, '')
    .replace(/^[A-Z]+ FAILED: /, '');
}

function clipped(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ').trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE)}…`;
}
