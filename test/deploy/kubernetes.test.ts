import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { Env } from '../../src/settings/config.ts';
import { fieldProblems } from './kubernetes-fields.ts';

const ROOT = 'deploy/kubernetes';
const OVERLAYS = readdirSync(`${ROOT}/overlays`);
const KUBECTL = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
/** `DRAIN_MS` of the process. */
const DRAIN_S = 20;

const Labels = z.record(z.string(), z.string());
const Env1 = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional() }).optional(),
});
const Probe = z.looseObject({ timeoutSeconds: z.number().default(1) });
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z.array(Env1).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
  resources: z.looseObject({ requests: Labels, limits: Labels }),
  securityContext: z.unknown(),
  startupProbe: Probe,
  livenessProbe: Probe,
  readinessProbe: Probe,
});
const PodSpec = z.looseObject({
  serviceAccountName: z.string().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  hostNetwork: z.boolean().default(false),
  dnsPolicy: z.string().optional(),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.unknown(),
  initContainers: z.array(Container).default([]),
  containers: z.array(Container).min(1),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});
const Named = z.looseObject({
  kind: z.string(),
  apiVersion: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type Named = z.infer<typeof Named>;
const Workload = Named.extend({
  spec: z.looseObject({
    replicas: z.number(),
    selector: z.object({ matchLabels: Labels }),
    template: z.object({ metadata: z.looseObject({ labels: Labels }), spec: PodSpec }),
  }),
});

function build(folder: string): readonly Named[] {
  return buildAt(join(ROOT, folder));
}

function buildAt(path: string): readonly Named[] {
  const done = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return parseAllDocuments(done.stdout).map((document) => Named.parse(document.toJS()));
}

const nameOf = ({ kind, metadata }: Named): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

describe.skipIf(!KUBECTL).each(['base', ...OVERLAYS.map((name) => `overlays/${name}`)])(
  'deploy/kubernetes/%s (needs kubectl)',
  (folder) => {
    const objects = KUBECTL ? build(folder) : [];
    const workloads = objects.flatMap((object) => {
      const isWorkload = object.kind === 'Deployment' || object.kind === 'StatefulSet';
      return isWorkload ? [Workload.parse(object)] : [];
    });
    const containers = workloads.flatMap(({ spec }) => spec.template.spec.containers);
    const ours = containers.filter(({ image }) => image.includes('/cilium-chatops:'));
    const podOf = (name: string) => workloads.find(({ metadata }) => metadata.name === name)?.spec.template.spec;

    it('has only fields that Kubernetes knows', () => {
      const native = objects.filter(({ apiVersion }) => !apiVersion.startsWith('cilium.io/'));

      expect(native.length).toBeGreaterThan(10);
      expect(native.flatMap(fieldProblems)).toEqual([]);
      expect(new Set(objects.map(nameOf)).size).toBe(objects.length);
    });

    it('puts every object into a namespace that is there', () => {
      const made = objects.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata.name] : []));
      const wanted = objects.flatMap(({ metadata }) => metadata.namespace ?? []);

      expect(wanted.filter((each) => ![...made, 'kube-system', 'default'].includes(each))).toEqual([]);
    });

    it('runs every pod unprivileged, on a root it cannot write, with probes and limits', () => {
      expect(workloads.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['bot', 'worker']));
      for (const { spec } of workloads.map((each) => each.spec.template))
        expect(spec.securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: expect.any(Number),
          seccompProfile: { type: 'RuntimeDefault' },
        });
      for (const container of containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'memory']);
        expect(container.resources.limits['memory']).toMatch(/^\d+Mi$/);
        expect(container.image).toMatch(/^[a-z0-9.]+\/.+:\d+\.\d+\.\d+(-[a-z0-9]+)?$/);
      }
    });

    it('gives a process longer to end than it takes to hand back its work', () => {
      for (const { spec } of workloads.map((each) => each.spec.template))
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(DRAIN_S);
      // A check of /readyz may take two seconds.
      for (const { readinessProbe } of ours) expect(readinessProbe.timeoutSeconds).toBeGreaterThan(2);
    });

    it('mounts what it declares, and selects what is there', () => {
      for (const { spec } of workloads) {
        const { volumes, containers: inPod } = spec.template.spec;
        const claims = (spec['volumeClaimTemplates'] ?? []) as readonly Named[];
        const declared = [...volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata.name)];
        expect(new Set(inPod.flatMap((each) => each.volumeMounts.map(({ name }) => name)))).toEqual(new Set(declared));
        expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      }
      const labels = workloads.map(({ spec }) => spec.template.metadata.labels);
      const selectors = objects.map(selectorOf).filter((selector) => selector !== undefined);
      expect(selectors.length).toBeGreaterThanOrEqual(4);
      for (const selector of selectors) expect(labels).toContainEqual(expect.objectContaining(selector));
    });

    it('sets only what the program reads, and all that it must have', () => {
      const names = ours.flatMap(({ env }) => env.map(({ name }) => name));
      expect(names.filter((name) => !(name in Env.shape) && name !== 'VALKEY_PASSWORD')).toEqual([]);
      const transport = folder.endsWith('http') ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN';
      const wanted = { bot: ['SLACK_BOT_TOKEN', transport], worker: ['POD_IP', 'HOST_IP', 'PROBE_NAMESPACE'] };
      for (const [name, vars] of Object.entries(wanted))
        expect(podOf(name)?.containers[0]?.env.map((each) => each.name)).toEqual(
          expect.arrayContaining(['ROLE', 'HTTP_PORT', 'CHATOPS_CONFIG', 'STATE_URL', ...vars]),
        );
      const values = ours.flatMap(({ env }) => env).filter(({ value }) => value !== undefined && !value.includes('$('));
      const parsed = Env.partial().safeParse(Object.fromEntries(values.map(({ name, value }) => [name, value])));
      expect(parsed.error?.issues ?? []).toEqual([]);
    });

    it('keeps Slack and the cluster apart', () => {
      const [bot, worker] = [podOf('bot'), podOf('worker')];

      expect(bot).toMatchObject({ serviceAccountName: 'bot', automountServiceAccountToken: false, hostNetwork: false });
      expect(worker).toMatchObject({ serviceAccountName: 'worker', hostNetwork: true, dnsPolicy: 'Default' });
      const secrets = worker?.containers.flatMap(({ env }) =>
        env.flatMap((each) => each.valueFrom?.secretKeyRef?.name ?? []),
      );
      expect(secrets).not.toContain('cilium-chatops-slack');
      expect(JSON.stringify(objects)).not.toMatch(/xox[bp]-|xapp-/);
    });

    it('binds every role to the worker, and no other', () => {
      const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
      const roles = objects.filter(({ kind }) => kind.endsWith('Role'));

      expect(bindings.length).toBe(roles.length);
      for (const { kind, metadata } of roles)
        expect(bindings).toContainEqual(
          expect.objectContaining({
            kind: `${kind}Binding`,
            metadata: expect.objectContaining(metadata),
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
            subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: 'cilium-chatops' }],
          }),
        );
    });
  },
);

function selectorOf({ kind, spec }: Named): Readonly<Record<string, string>> | undefined {
  const one = z
    .looseObject({ selector: z.unknown(), podSelector: z.unknown(), endpointSelector: z.unknown() })
    .partial();
  const { selector, podSelector, endpointSelector } = one.catch({}).parse(spec);
  if (kind === 'Service') return Labels.parse(selector);
  const found = { PodDisruptionBudget: selector, NetworkPolicy: podSelector, CiliumNetworkPolicy: endpointSelector }[
    kind
  ];
  return found === undefined ? undefined : z.object({ matchLabels: Labels.default({}) }).parse(found).matchLabels;
}

describe.skipIf(!KUBECTL)('what the overlays are for (needs kubectl)', () => {
  it('read-only grants nothing that changes or creates, but exec into agents', () => {
    const rules = build('overlays/read-only').flatMap((object) =>
      object.kind.endsWith('Role')
        ? z.array(z.looseObject({ resources: z.array(z.string()), verbs: z.array(z.string()) })).parse(object['rules'])
        : [],
    );
    const writing = rules.filter(({ verbs }) => verbs.some((verb) => !['get', 'list'].includes(verb)));

    expect(writing.map(({ resources, verbs }) => ({ resources, verbs }))).toEqual([
      { resources: ['pods/exec'], verbs: ['get', 'create'] },
    ]);
  });

  it('valkey keeps every write and throws nothing away', () => {
    const conf = readFileSync(`${ROOT}/overlays/valkey/valkey.conf`, 'utf8');

    for (const line of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'])
      expect(conf.split('\n')).toContain(line);
  });
});

describe.skipIf(!KUBECTL)('the folder of one’s own that the README shows (needs kubectl)', () => {
  it('builds, with its image and its configuration in every pod', () => {
    const parent = mkdtempSync(join(tmpdir(), 'kustomize-'));
    try {
      cpSync(ROOT, parent, { recursive: true });
      const mine = join(parent, 'overlays/mine');
      const [, shown = ''] =
        /```yaml\n(apiVersion: kustomize[\s\S]*?)```/.exec(readFileSync('deploy/README.md', 'utf8')) ?? [];
      mkdirSync(mine);
      writeFileSync(join(mine, 'kustomization.yaml'), shown);
      writeFileSync(join(mine, 'chatops.yaml'), 'clusters: [{ name: mine, inCluster: true }]\n');
      const text = JSON.stringify(buildAt(mine));

      expect(text.match(/ghcr\.io\/your-org\/cilium-chatops:0\.1\.0/g)).toHaveLength(2);
      expect(text).not.toContain('registry.example.com');
      expect(text).toContain('name: mine, inCluster: true');
      expect(text).toContain('$(VALKEY_SERVICE_HOST)');
    } finally {
      rmSync(parent, { recursive: true });
    }
  });
});

describe('the configuration in the base', () => {
  it('is one that the program takes', () => {
    const config = ChatopsConfig.parse(parse(readFileSync(`${ROOT}/base/chatops.yaml`, 'utf8')));

    expect(config.clusters).toMatchObject([{ name: 'prod', inCluster: true }]);
    expect(config.policy.rules).toEqual([]);
  });
});
