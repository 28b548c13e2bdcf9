import { z } from 'zod';
import { RunId } from '../../core/ids.ts';

/** A way of carrying traffic between nodes, as far as agents can be told apart by it. */
export const RoutingTarget = z
  .discriminatedUnion('mode', [
    z.object({ mode: z.literal('native'), cidr: z.string(), routes: z.enum(['auto', 'external']) }),
    z.object({ mode: z.literal('tunnel'), protocol: z.string() }),
  ])
  .readonly();
export type RoutingTarget = z.infer<typeof RoutingTarget>;

const Values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).readonly();

/**
 * What applying a switch of the routing mode needs, in either direction; part of the plan, and kept in the cluster
 * while the switch is under way. `old` is the state of exactly the keys that `set` changes, so that going back never
 * depends on a revision that Helm may have pruned.
 */
export const SwitchWork = z
  .object({
    schemaVersion: z.literal(1),
    from: RoutingTarget,
    to: RoutingTarget,
    release: z.object({
      namespace: z.string(),
      name: z.string(),
      revision: z.number().int(),
      appVersion: z.string(),
      /** Which chart to type when the bot cannot go on; what older bots kept does not say. */
      chart: z.object({ name: z.string(), version: z.string() }).optional(),
    }),
    /** Namespace of the agents and name of their DaemonSet. */
    agents: z.object({ namespace: z.string(), daemonSet: z.string() }),
    /** False when Helm says it already and only agents have to be restarted. */
    upgrades: z.boolean(),
    set: Values,
    old: Values,
    /** Agents replaced at once after the first one. */
    atOnce: z.number().int().min(1),
    /** rollOutCiliumPods: the agents restart by themselves when Helm writes the settings. */
    rollsByItself: z.boolean(),
    /** What the plan said about the longest loss between two nodes, in seconds. */
    estimateS: z.object({ min: z.number(), max: z.number() }),
    /** Throughput between these two is measured before and after. */
    bench: z.object({ from: z.string(), to: z.string() }).optional(),
    /** Of a rollback: the run that is undone. */
    undoes: RunId.optional(),
  })
  .readonly();
export type SwitchWork = z.infer<typeof SwitchWork>;

/** `native routing`, `VXLAN`: for the middle of a sentence. */
export function targetWords(target: RoutingTarget): string {
  if (target.mode === 'native') return 'native routing';
  return target.protocol === 'geneve' ? 'Geneve' : target.protocol.toUpperCase();
}
