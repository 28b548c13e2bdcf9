import { z } from 'zod';
import { ObjectMeta } from '../facts/kube-objects.ts';
import { listed } from '../facts/text.ts';

/** What decides whether a node may be put under load. */
export const BenchNode = z
  .object({
    metadata: ObjectMeta,
    spec: z
      .object({ unschedulable: z.boolean().default(false) })
      .catch({ unschedulable: false })
      .default({ unschedulable: false }),
    status: z
      .object({
        conditions: z
          .array(z.object({ type: z.string(), status: z.string() }))
          .catch([])
          .default([]),
        nodeInfo: z
          .object({ kernelVersion: z.string().default(''), operatingSystem: z.string().default('linux') })
          .optional(),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }) => ({
    name: metadata.name,
    ready: status.conditions.some(({ type, status: state }) => type === 'Ready' && state === 'True'),
    pressed: status.conditions.some(({ type, status: state }) => type.endsWith('Pressure') && state === 'True'),
    cordoned: spec.unschedulable,
    critical: isSet(metadata.labels[CRITICAL] ?? metadata.annotations[CRITICAL]),
    controlPlane: CONTROL_PLANE.some((label) => label in metadata.labels),
    zone: metadata.labels['topology.kubernetes.io/zone'] ?? '',
    linux: (status.nodeInfo?.operatingSystem ?? 'linux') === 'linux',
    kernel: status.nodeInfo?.kernelVersion ?? '',
  }));
export type BenchNode = z.infer<typeof BenchNode>;

/** Label or annotation: no benchmark touches this node. */
export const CRITICAL = 'cilium-chatops/critical';
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== 'false';
}

/** Why this node may not be measured on, or undefined. */
export function unfit(node: BenchNode): string | undefined {
  if (node.critical) return `${node.name} is marked ${CRITICAL}`;
  if (!node.linux) return `${node.name} does not run Linux`;
  if (!node.ready) return `${node.name} is not ready`;
  if (node.pressed) return `${node.name} is under memory, disk or process pressure`;
  return undefined;
}

export type Chosen =
  | { readonly ok: true; readonly nodes: readonly string[]; readonly why: string }
  | { readonly ok: false; readonly why: string; readonly nextStep: string };

/** The two that were named. Cordoned ones are fine: somebody asked for exactly these. */
export function namedPair(all: readonly BenchNode[], from: string, to: string): Chosen {
  if (from === to) return no(`--from and --to are both ${from}`, 'name two different nodes');
  const found = [from, to].map((name) => all.find((node) => node.name === name));
  const missing = [from, to].filter((_, index) => found[index] === undefined);
  if (missing.length > 0)
    return no(
      `there is no node ${missing.join(' or ')}`,
      `the nodes are ${listed(
        all.map(({ name }) => name),
        8,
      )}`,
    );
  const bad = found.flatMap((node) => (node === undefined ? [] : (unfit(node) ?? [])));
  if (bad.length > 0) return no(bad.join('; '), 'choose other nodes with --from and --to');
  return { ok: true, nodes: [from, to], why: 'as asked' };
}

/** Two that may take it, in different zones where there are zones; workers before the control plane. */
export function pickPair(all: readonly BenchNode[], from: string | undefined, to: string | undefined): Chosen {
  const fixed = from ?? to;
  const candidates = preferred(all).filter(({ name }) => name !== fixed);
  const first = fixed === undefined ? candidates[0] : all.find(({ name }) => name === fixed);
  if (first === undefined || (fixed !== undefined && unfit(first) !== undefined))
    return namedPair(all, fixed ?? '', candidates[0]?.name ?? '');
  const others = candidates.filter(({ name }) => name !== first.name);
  const apart = others.find(({ zone }) => zone !== first.zone);
  const second = apart ?? others[0];
  if (second === undefined) return tooFew(all);
  const nodes = to === undefined ? [first.name, second.name] : [second.name, first.name];
  const zones = apart === undefined ? 'the first two that may take it' : `zones ${first.zone} and ${second.zone}`;
  return { ok: true, nodes, why: `picked: ${zones}` };
}

/** Every node that may take it; the others are named. */
export function allFit(all: readonly BenchNode[]): Chosen {
  const fit = all.filter((node) => unfit(node) === undefined && !node.cordoned);
  if (fit.length < 2) return tooFew(all);
  const left = all.flatMap((node) => unfit(node) ?? (node.cordoned ? `${node.name} is cordoned` : []));
  const why = left.length === 0 ? 'every node' : `left out: ${listed(left, 4)}`;
  return { ok: true, nodes: fit.map(({ name }) => name), why };
}

function preferred(all: readonly BenchNode[]): readonly BenchNode[] {
  const fit = all.filter((node) => unfit(node) === undefined && !node.cordoned);
  const workers = fit.filter(({ controlPlane }) => !controlPlane);
  return workers.length >= 2 ? workers : fit;
}

function tooFew(all: readonly BenchNode[]): Chosen {
  const reasons = all.flatMap((node) => unfit(node) ?? (node.cordoned ? `${node.name} is cordoned` : []));
  const why = reasons.length === 0 ? `there are ${all.length} nodes` : listed(reasons, 4);
  return no(`two nodes are needed that may be measured on: ${why}`, 'a benchmark needs two ready nodes');
}

function no(why: string, nextStep: string): Chosen {
  return { ok: false, why, nextStep };
}
