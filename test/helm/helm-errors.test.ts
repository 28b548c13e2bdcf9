import { describe, expect, it } from 'vitest';
import { toHelmError } from '../../src/helm/helm-errors.ts';

const ASKED = { cluster: 'prod', namespace: 'kube-system', name: 'cilium', verb: 'upgrade' };

/** Marked `recorded`: printed by helm 3.17 or 4.1 on a real cluster. The others are helm's words as its source has them. */
const CASES: readonly (readonly [situation: string, stderr: string, wantCode: string, wantMessage: string])[] = [
  [
    'recorded: forbidden',
    'Error: query: failed to query with labels: secrets is forbidden: User "system:serviceaccount:lab-rbac:limited" cannot list resource "secrets" in API group "" in the namespace "kube-system"',
    'Forbidden',
    'system:serviceaccount:lab-rbac:limited may not list secrets in kube-system on prod, which helm needs',
  ],
  [
    'recorded: removed option',
    'Error: UPGRADE FAILED: execution error at (cilium/templates/validate.yaml:41:5): tunnel was deprecated in v1.14 and has been removed in v1.15. For details please refer to https://docs.cilium.io/en/v1.15/operations/upgrade/#helm-options',
    'Rejected',
    'the chart refuses these values: tunnel was deprecated in v1.14',
  ],
  [
    'recorded: no such release',
    'Error: UPGRADE FAILED: "nope" has no deployed releases',
    'NotFound',
    'there is no deployed Helm release cilium in kube-system on prod',
  ],
  ['recorded: release not found', 'Error: release: not found', 'NotFound', 'there is no deployed Helm release'],
  [
    'recorded with helm 4: unreachable',
    'Error: kubernetes cluster unreachable: Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused',
    'ClusterUnreachable',
    'helm upgrade cannot reach cluster prod',
  ],
  [
    'recorded with helm 3: unreachable',
    'Error: Kubernetes cluster unreachable: Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused',
    'ClusterUnreachable',
    'helm upgrade cannot reach cluster prod',
  ],
  ['recorded: a chart from a repository', 'Error: repo cilium not found', 'UnexpectedAnswer', 'repo cilium not found'],
  [
    'a pending operation',
    'Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress',
    'Conflict',
    'under way on prod, or was left unfinished',
  ],
  [
    'credentials refused, which helm calls unreachable',
    'Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials',
    'Unauthenticated',
    "does not accept the bot's credentials",
  ],
  [
    'a schema',
    "Error: UPGRADE FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\ncilium:\n- at '/rollOutCiliumPods': got string, want boolean\n",
    'Rejected',
    "cilium: - at '/rollOutCiliumPods': got string, want boolean",
  ],
  [
    'a Kubernetes version',
    'Error: UPGRADE FAILED: chart requires kubeVersion: >= 1.21.0-0 which is incompatible with Kubernetes v1.20.0',
    'Rejected',
    'requires Kubernetes >= 1.21.0-0, and this is v1.20.0',
  ],
  [
    'an admission webhook',
    'Error: UPGRADE FAILED: cannot patch "cilium-config" with kind ConfigMap: admission webhook "validate.kyverno.svc" denied the request: frozen',
    'Rejected',
    'admission webhook "validate.kyverno.svc" denied the request: frozen',
  ],
  [
    'another field manager',
    'Error: UPGRADE FAILED: Apply failed with 1 conflict: conflict with "argocd-controller": .data.routing-mode',
    'Conflict',
    'argocd-controller',
  ],
  [
    'the object of another release',
    'Error: UPGRADE FAILED: Unable to continue with update: ConfigMap "cilium-config" in namespace "kube-system" exists and cannot be imported into the current release: invalid ownership metadata',
    'Rejected',
    'cannot be imported into the current release',
  ],
  [
    'a release that somebody else upgraded first',
    'Error: UPGRADE FAILED: create: failed to create: secrets "sh.helm.release.v1.cilium.v3" already exists',
    'Conflict',
    'somebody else changed release cilium on prod at the same time',
  ],
  [
    'a template that fails',
    'Error: UPGRADE FAILED: template: cilium/templates/x.yaml:2:3: executing "x" at <.Values.a.b>: nil pointer evaluating interface {}.b',
    'Rejected',
    'the chart cannot be rendered',
  ],
  [
    'a slow server',
    'Error: UPGRADE FAILED: Get "https://10.0.0.1:6443/api": net/http: TLS handshake timeout',
    'ClusterTimeout',
    'did not answer helm upgrade in time',
  ],
  [
    'a certificate',
    'Error: Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/version": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'BadConfig',
    'does not trust the certificate of cluster prod',
  ],
  [
    'an immutable field',
    'Error: UPGRADE FAILED: cannot patch "x": Job "x" is invalid: spec.selector: field is immutable',
    'Rejected',
    'refused an object of the chart',
  ],
  ['nothing', 'Error: ', 'UnexpectedAnswer', 'helm upgrade failed: no reason given'],
];

describe('what helm says when it fails', () => {
  it.each(CASES)('is understood: %s', (_situation, stderr, wantCode, wantMessage) => {
    const error = toHelmError(`level=WARN msg="unable to find exact version"\n${stderr}\n`, ASKED);

    expect(error.code).toBe(wantCode);
    expect(error.message).toContain(wantMessage);
    expect(error.nextStep).toBeTruthy();
    expect(error.message).not.toMatch(/\n|level=WARN|UPGRADE FAILED/);
  });

  it('is clipped', () => {
    expect(toHelmError(`Error: ${'x'.repeat(5_000)}`, ASKED).message.length).toBeLessThan(450);
  });
});
