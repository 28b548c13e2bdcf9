import { z } from 'zod';
import { type Owner, ownerKey, type Verdict } from './restart-pods.ts';

/** What an approved restart does, and nothing else: these pods by uid, so that no replacement is ever evicted. */
export const RestartOwner = z
  .object({
    namespace: z.string(),
    /** `Pod` for a bare one. */
    kind: z.string(),
    name: z.string(),
    /** Pods it wanted when it was planned; 0 for a bare pod, which nobody recreates. */
    size: z.number().int(),
    /** How many of its pods may be away at once, as far as we decide it: a disruption budget may allow fewer. */
    atOnce: z.number().int().min(1),
    /** `namespace/name` of the budget the API server asks. */
    budget: z.string().optional(),
    graceS: z.number(),
    /** Its pods go although Cilium manages them: their route MTU is stale. */
    evictManaged: z.boolean().optional(),
    /** Name and uid. */
    pods: z.array(z.tuple([z.string(), z.string()]).readonly()).readonly(),
  })
  .readonly();
export type RestartOwner = z.infer<typeof RestartOwner>;

export const RestartWork = z
  .object({
    schemaVersion: z.literal(1),
    namespace: z.string().optional(),
    includeBare: z.boolean(),
    includeJobs: z.boolean(),
    staleMtu: z.boolean().default(false),
    owners: z.array(RestartOwner).readonly(),
  })
  .readonly();
export type RestartWork = z.infer<typeof RestartWork>;

/** Without a budget nobody has said what an owner can do without: a quarter, as Deployments roll by default. */
const SHARE = 0.25;
/** These have no others of theirs to wait for. */
const ALL_AT_ONCE: ReadonlySet<string> = new Set(['Pod', 'Job']);

/** The pods of a plan by whom they belong to, most pods first. */
export function toOwners(included: readonly Verdict[], known: ReadonlyMap<string, Owner>): readonly RestartOwner[] {
  const groups = new Map<string, [Verdict, ...Verdict[]]>();
  for (const verdict of included) {
    const key = ownerKey(nameOf(verdict));
    const group = groups.get(key);
    if (group) group.push(verdict);
    else groups.set(key, [verdict]);
  }
  return [...groups]
    .map(([key, group]) => toOwner(group, known.get(key)))
    .sort((left, right) => right.pods.length - left.pods.length || keyOf(left).localeCompare(keyOf(right)));
}

function toOwner(group: readonly [Verdict, ...Verdict[]], known: Owner | undefined): RestartOwner {
  const [first] = group;
  const { namespace, kind, name } = nameOf(first);
  const isBare = known === undefined;
  const size = isBare ? 0 : (known.size ?? group.length);
  const [budget] = first.budgets;
  return {
    namespace,
    kind,
    name,
    size,
    atOnce: atOnceOf({ kind, size, pods: group.length, hasBudget: budget !== undefined }),
    ...(budget === undefined ? {} : { budget }),
    graceS: Math.max(...group.map(({ graceS }) => graceS)),
    ...(group.some(({ about }) => about === 'stale-mtu') ? { evictManaged: true } : {}),
    pods: group.map((verdict) => [verdict.name, verdict.uid] as const),
  };
}

type Sizes = { readonly kind: string; readonly size: number; readonly pods: number; readonly hasBudget: boolean };

function atOnceOf({ kind, size, pods, hasBudget }: Sizes): number {
  if (hasBudget || size === 0 || ALL_AT_ONCE.has(kind)) return Math.max(1, pods);
  return kind === 'StatefulSet' ? 1 : Math.max(1, Math.floor(size * SHARE));
}

function nameOf({ namespace, name, owner }: Verdict): { namespace: string; kind: string; name: string } {
  const space = owner.indexOf(' ');
  if (owner === 'bare pod') return { namespace, kind: 'Pod', name };
  return { namespace, kind: owner.slice(0, space), name: owner.slice(space + 1) };
}

export function keyOf({ namespace, kind, name }: Pick<RestartOwner, 'namespace' | 'kind' | 'name'>): string {
  return ownerKey({ namespace, kind, name });
}

/** `Deployment legacy/legacy-web`, `bare pod legacy/debug`. */
export function ownerWords({ namespace, kind, name }: Pick<RestartOwner, 'namespace' | 'kind' | 'name'>): string {
  return `${kind === 'Pod' ? 'bare pod' : kind} ${namespace}/${name}`;
}
