import { describe, expect, it } from 'vitest';
import { toClusterError } from '../../src/cluster/api-errors.ts';
import { ApiFailure } from '../../src/cluster/api-status.ts';
import { askedFor } from '../../src/cluster/asked.ts';
import { DeadlineExceeded } from '../../src/cluster/deadline.ts';
import { fromLoginFailure } from '../../src/cluster/network-errors.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName } from '../../src/core/ids.ts';
import { NODES, PODS } from '../../src/core/resources.ts';
import { apiAnswers, askedIn, execAnswers, type Recorded, recorded } from './recorded.ts';

const ANSWERS = { ...apiAnswers, ...execAnswers };

/** Each failure recorded on a real cluster, and what a person is told about it (long messages: their beginning). */
const TOLD: readonly (readonly [name: string, code: string, message: string])[] = [
  [
    '400-bad-continue',
    'Rejected',
    "the server refused the request for pods: invalid continue token: continue key is not valid: invalid character 'o' in literal null ",
  ],
  [
    '400-bad-field-selector',
    'Rejected',
    'the server refused the request for pods: field label not supported: spec.nope',
  ],
  [
    '400-bad-json',
    'Rejected',
    "the server refused the request for pods in default: the object provided is unrecognized (must be of type Pod): couldn't get versio",
  ],
  [
    '400-bad-label-selector',
    'Rejected',
    "the server refused the request for pods: unable to parse requirement: found '=', expected: identifier",
  ],
  [
    '400-log-container-waiting',
    'ExecFailed',
    'container "c" in pod "never-pulls" is waiting to start: ErrImageNeverPull',
  ],
  ['400-log-missing-container', 'NotFound', 'there is no container nope in pod legacy-bare in legacy'],
  ['401-bad-token', 'Unauthenticated', "cluster prod does not accept the bot's credentials"],
  ['403-anonymous', 'Unauthenticated', 'cluster prod takes the bot for an anonymous user, who may not list nodes'],
  ['403-cilium-crd', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not list ciliumnodes on prod'],
  ['403-create-pod', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not create pods in default on prod'],
  ['403-delete-pod', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not delete pods in legacy on prod'],
  ['403-evict', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not create pods/eviction in legacy on prod'],
  [
    '403-exec-plain-http',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not get pods/exec in legacy on prod',
  ],
  ['403-exec-websocket', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not get pods/exec in legacy on prod'],
  [
    '403-get-configmap',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not get configmaps in kube-system on prod',
  ],
  ['403-list-pods-all', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not list pods on prod'],
  [
    '403-list-pods-namespace',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not list pods in kube-system on prod',
  ],
  [
    '403-list-secrets',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not list secrets in kube-system on prod',
  ],
  [
    '403-patch-daemonset',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not patch daemonsets in kube-system on prod',
  ],
  ['403-watch-nodes', 'Forbidden', 'system:serviceaccount:lab-rbac:limited may not watch nodes on prod'],
  ['404-cilium-apigroup-not-installed', 'NotFound', 'cluster prod does not serve /apis/cilium.io'],
  ['404-cilium-crd-not-installed', 'NotFound', 'cluster prod does not serve ciliumnodes (cilium.io/v2)'],
  [
    '404-configmap-cilium-config-not-installed',
    'NotFound',
    'there is no configmap cilium-config in kube-system on prod',
  ],
  ['404-create-in-missing-namespace', 'NotFound', 'there is no namespace nope on prod'],
  ['404-daemonset-cilium-not-installed', 'NotFound', 'there is no daemonset cilium in kube-system on prod'],
  ['404-delete-missing-pod', 'NotFound', 'there is no pod nope in default on prod'],
  ['404-evict-missing-pod', 'NotFound', 'there is no pod nope in default on prod'],
  ['404-pod-in-missing-namespace', 'NotFound', 'there is no pod nope in nope on prod'],
  ['404-pod', 'NotFound', 'there is no pod nope in default on prod'],
  ['404-unknown-resource', 'NotFound', 'cluster prod does not serve widgets (v1)'],
  [
    '405-method-not-allowed',
    'UnexpectedAnswer',
    'the server cannot create pod x in default this way (the server does not allow this method on the requested resource)',
  ],
  [
    '406-not-acceptable',
    'UnexpectedAnswer',
    'the server cannot list pods this way (406: Not Acceptable Available representations: application/json, application/yaml, applicati',
  ],
  ['409-already-exists', 'Conflict', 'namespace legacy exists already on prod'],
  [
    '409-conflict-delete-precondition-uid',
    'Conflict',
    'pod legacy-bare in legacy was deleted and created anew meanwhile',
  ],
  [
    '409-conflict-merge-patch-stale-resourceversion',
    'Conflict',
    'deployment legacy-web in legacy was changed meanwhile',
  ],
  ['409-conflict-put-stale-resourceversion', 'Conflict', 'deployment legacy-web in legacy was changed meanwhile'],
  [
    '409-conflict-server-side-apply',
    'Conflict',
    'others own fields of deployment legacy-web in legacy: .spec.replicas (conflict with "kubectl-client-side-apply" using apps/v1)',
  ],
  ['410-expired-continue-token', 'Expired', 'the list of pods took longer than the server keeps its snapshot'],
  ['410-list-exact-old-resourceversion', 'Expired', 'the list of pods took longer than the server keeps its snapshot'],
  [
    '415-unsupported-patch-type',
    'UnexpectedAnswer',
    'the server cannot patch deployment legacy-web in legacy this way (415: Unsupported Media Type)',
  ],
  [
    '422-invalid',
    'Rejected',
    'the server refused the request for pods in default: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must ',
  ],
  [
    '429-evict-blocked-by-pdb-dryrun',
    'TooManyRequests',
    'pod legacy-web-64465d7d54-h92lr in legacy may not be evicted now: The disruption budget legacy-web needs 3 healthy pods and has 3 ',
  ],
  [
    '429-evict-blocked-by-pdb',
    'TooManyRequests',
    'pod legacy-web-64465d7d54-h92lr in legacy may not be evicted now: The disruption budget legacy-web needs 3 healthy pods and has 3 ',
  ],
  [
    '429-evict-uid-precondition-hidden-by-pdb',
    'TooManyRequests',
    'pod legacy-web-64465d7d54-h92lr in legacy may not be evicted now: The disruption budget legacy-web needs 3 healthy pods and has 3 ',
  ],
  [
    '500-evict-two-pdbs',
    'Rejected',
    'pod legacy-web-64465d7d54-h92lr in legacy is covered by more than one PodDisruptionBudget, so it cannot be evicted',
  ],
  [
    '504-future-resourceversion',
    'ClusterTimeout',
    'the API server of prod ran out of time for pods (Timeout: Too large resource version: 99999999, current: 2440)',
  ],
  ['exec-container-waiting', 'ExecFailed', 'container not found ("c"): it is not running in pod never-pulls in legacy'],
  ['exec-missing-container', 'NotFound', 'there is no container nope in pod legacy-bare in legacy'],
  ['exec-missing-pod', 'NotFound', 'there is no pod nope in legacy on prod'],
  [
    'exec-no-streams',
    'Rejected',
    'the server refused the request for pod legacy-bare in legacy: you must specify at least 1 of stdin, stdout, stderr',
  ],
  ['exec-plain-get-no-upgrade', 'UnexpectedAnswer', 'the WebSocket to api.prod:6443 arrived as a plain request'],
  ['exec-plain-post-no-upgrade', 'UnexpectedAnswer', 'the WebSocket to api.prod:6443 arrived as a plain request'],
  ['exec-pod-completed', 'ExecFailed', 'container not found ("c"): it is not running in pod finished in legacy'],
  ['exec-pod-unscheduled', 'ExecFailed', 'pod unschedulable in legacy has no node yet'],
  [
    'exec-unknown-subprotocol',
    'UnexpectedAnswer',
    'something before api.prod:6443 refused to get pod legacy-bare in legacy, without a reason',
  ],
  [
    'exec-websocket-with-only-create-on-pods-exec',
    'Forbidden',
    'system:serviceaccount:lab-rbac:exec-create may not get pods/exec in legacy on prod',
  ],
  [
    'exec-websocket-with-only-get-on-pods-exec',
    'Forbidden',
    'the bot may not run commands in pod legacy-bare in legacy of prod',
  ],
];

function errorFrom(answer: Recorded): OpsError {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return toClusterError(new ApiFailure(answer.status, answer.body, headers), askedIn(answer));
}

const FROM = { cluster: ClusterName.parse('prod'), server: 'api.prod:6443' };
const LISTING = askedFor(FROM, 'list', NODES, {});
const EXEC = {
  ...askedFor(FROM, 'create', PODS, { namespace: 'a', name: 'b', subresource: 'exec' }),
  command: 'cilium',
};

describe('errors of the API server', () => {
  it.each(TOLD)('%s is %s', (name, code, message) => {
    const error = errorFrom(recorded(ANSWERS, name));

    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.nextStep).toMatch(/^\S.*[^.]$/);
    expect(error.cause).toBeInstanceOf(ApiFailure);
  });

  it('covers every recorded failure', () => {
    const failures = Object.entries(ANSWERS).filter(([, { status }]) => status >= 400);

    expect(TOLD.map(([name]) => name).sort()).toEqual(failures.map(([name]) => name).sort());
  });

  it('names the exact right that is missing, ready to be checked', () => {
    expect(errorFrom(recorded(apiAnswers, '403-cilium-crd')).nextStep).toContain(
      '`kubectl auth can-i list ciliumnodes.cilium.io -A --as=system:serviceaccount:lab-rbac:limited`',
    );
    expect(errorFrom(recorded(execAnswers, 'exec-websocket-with-only-get-on-pods-exec')).nextStep).toBe(
      'grant its role both `get` and `create` on `pods/exec`',
    );
  });

  it('keeps how long the server asks to wait, from the header or the body', () => {
    expect(errorFrom(recorded(apiAnswers, '504-future-resourceversion')).retryAfterMs).toBe(1_000);
    expect(toClusterError(new ApiFailure(429, 'slow down', { 'retry-after': '7' }), LISTING)).toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 7_000,
    });
  });

  // Not recorded: shapes documented by Kubernetes and its proxies.
  it.each([
    {
      when: 'an admission webhook says no',
      http: 403,
      said: 'admission webhook "policy.example" denied the request: no',
      want: 'Rejected',
    },
    { when: 'the quota is used up', http: 403, said: 'pods "x" is forbidden: exceeded quota: small', want: 'Rejected' },
    {
      when: 'the namespace enforces a pod security level',
      http: 403,
      said: 'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
      want: 'Rejected',
    },
    {
      when: 'a webhook is broken',
      http: 500,
      said: 'Internal error occurred: failed calling webhook "x": timeout',
      want: 'Rejected',
    },
    {
      when: 'the kubelet cannot be reached',
      http: 500,
      said: 'error dialing backend: dial tcp 10.0.0.3:10250: connect: no route to host',
      want: 'ExecFailed',
    },
    { when: 'etcd has no leader', http: 500, said: 'etcdserver: no leader', want: 'ClusterUnreachable' },
    { when: 'the server starts', http: 503, said: 'apiserver not ready', want: 'ClusterUnreachable' },
    {
      when: 'the request took too long',
      http: 504,
      said: 'request did not complete within the allotted timeout',
      want: 'ClusterTimeout',
    },
    { when: 'a teapot answers', http: 418, said: 'no', want: 'UnexpectedAnswer' },
  ])('$when: $want', ({ http, said, want }) => {
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', message: said, code: http });

    expect(toClusterError(new ApiFailure(http, body, {}), LISTING).code).toBe(want);
  });

  it('does not repeat the page of a proxy', () => {
    const error = toClusterError(new ApiFailure(502, '<html><body>nginx secrets</body></html>', {}), LISTING);

    expect(error).toMatchObject({ code: 'ClusterUnreachable', message: 'the API server of prod failed (502)' });
  });

  it('recognises a login page', () => {
    const error = toClusterError(new ApiFailure(302, '', { location: 'https://login.example/' }), LISTING);

    expect(error.code).toBe('BadConfig');
    expect(error.message).toContain('https://login.example/');
  });
});

describe('failures below HTTP', () => {
  it.each([
    ['ECONNREFUSED', 'ClusterUnreachable', 'nothing listens at api.prod:6443'],
    ['ENOTFOUND', 'ClusterUnreachable', 'cannot be resolved'],
    ['UND_ERR_CONNECT_TIMEOUT', 'ClusterUnreachable', 'cannot be reached'],
    ['ECONNRESET', 'ClusterUnreachable', 'broke'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'BadConfig', 'not signed by the CA'],
    ['CERT_HAS_EXPIRED', 'BadConfig', 'has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'BadConfig', 'for another name'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'BadConfig', 'TLS with api.prod:6443 failed'],
    ['UND_ERR_BODY_TIMEOUT', 'ClusterTimeout', 'in the middle of an answer'],
    ['EWHATEVER', 'ClusterUnreachable', '(EWHATEVER)'],
  ])('%s is %s', (code, want, message) => {
    const wrapped = new TypeError('fetch failed', {
      cause: new AggregateError([Object.assign(new Error(), { code })]),
    });
    const error = toClusterError(wrapped, LISTING);

    expect(error.code).toBe(want);
    expect(error.message).toContain(message);
    expect(error.nextStep).toMatch(/\S/);
  });

  it('says how long it waited', () => {
    expect(toClusterError(new DeadlineExceeded(8_000), LISTING)).toMatchObject({
      code: 'ClusterTimeout',
      message: 'cluster prod did not answer about nodes within 8 s',
    });
    expect(toClusterError(new DeadlineExceeded(8_000), EXEC).message).toBe(
      'cilium in pod b in a did not end within 8 s',
    );
  });

  it('keeps what a credential plugin printed out of the message', () => {
    const failed = fromLoginFailure(new Error('token=s3cret'), { command: 'aws' });
    const missing = fromLoginFailure(Object.assign(new Error('spawn'), { code: 'ENOENT' }), { command: 'aws' });

    expect(failed).toMatchObject({ code: 'Unauthenticated', message: 'the credential plugin aws failed' });
    expect(`${failed.message} ${failed.nextStep}`).not.toContain('s3cret');
    expect(missing.message).toBe('the credential plugin aws is not installed');
  });

  it('passes an OpsError on as it is', () => {
    const error = new OpsError('Expired', 'as it was');

    expect(toClusterError(error, LISTING)).toBe(error);
  });
});
