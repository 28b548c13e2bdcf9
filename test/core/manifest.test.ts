import { describe, expect, it } from 'vitest';
import { configMapData, diffManifests, objectsOf, withoutSecrets } from '../../src/core/run/manifest.ts';

const CONFIG = `# Source: cilium/templates/cilium-configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: cilium-config
  namespace: kube-system
data:
  routing-mode: "tunnel"
  cluster-id: 0
  tunnel-protocol: "geneve"
  tunnel-protocol: "vxlan"
  script: |
    one
     ---
    two`;
const SECRET = `# Source: cilium/templates/hubble/tls-helm/server-secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: hubble-server-certs
data:
  tls.key: c2VjcmV0`;

const manifestOf = (...documents: readonly string[]) => documents.map((each) => `---\n${each}\n`).join('');

describe('a manifest', () => {
  it('is its objects, without Secrets', () => {
    const objects = objectsOf(manifestOf(SECRET, CONFIG, SECRET));

    expect(objects.map(({ kind, name, namespace }) => [kind, name, namespace])).toEqual([
      ['ConfigMap', 'cilium-config', 'kube-system'],
    ]);
  });

  it.each([
    ['a Secret in a List', 'kind: List\nmetadata: {name: x}\nitems: [{kind: Secret, data: {key: c2VjcmV0}}]'],
    ['a SecretList', 'kind: SecretList\nmetadata: {name: x}\nitems: [{data: {key: c2VjcmV0}}]'],
    ['another spelling', 'kind: secret\nmetadata: {name: x}\ndata: {key: c2VjcmV0}'],
    ['no kind', 'metadata: {name: x}\ndata: {key: c2VjcmV0}'],
    ['what is no YAML', 'kind: ConfigMap\n\tdata: [c2VjcmV0'],
    ['a separator with a comment', `${CONFIG}\n--- # next\n${SECRET}`],
  ])('shows no secret with %s', (_situation, text) => {
    expect(withoutSecrets(manifestOf(text))).not.toContain('c2VjcmV0');
  });

  it('has ConfigMaps with strings for values, the last of a key counts', () => {
    expect(configMapData(manifestOf(CONFIG), 'cilium-config')).toEqual({
      'routing-mode': 'tunnel',
      'cluster-id': '0',
      'tunnel-protocol': 'vxlan',
      script: 'one\n ---\ntwo\n',
    });
    expect(configMapData(manifestOf(CONFIG), 'other')).toBeUndefined();
  });

  it('differs from another in lines, whatever the Secrets say', () => {
    const before = manifestOf(CONFIG, SECRET);
    const after = manifestOf(CONFIG.replace('"tunnel"', '"native"'), SECRET.replace('c2VjcmV0', 'b3RoZXI='));

    expect(diffManifests(before, after)).toContain('-  routing-mode: "tunnel"\n+  routing-mode: "native"');
    expect(diffManifests(before, after)).not.toMatch(/b3RoZXI|c2VjcmV0/);
    expect(diffManifests(before, before)).toBe('');
  });
});
