import { z } from 'zod';

/**
 * `cilium-health status -o json`: what one node saw when it last probed the others. An empty `status` is success.
 * The probe runs every two minutes or so and starts anew with the agent, so this is always about the past: a round
 * that fell into a restart stands for minutes after everything works again, and dead routes take as long to show.
 */
const Probe = z.object({ status: z.string().optional().catch(undefined), lastProbed: z.string().optional() });
const Path = z
  .object({
    'primary-address': z
      .object({ icmp: Probe.nullish().catch(undefined), http: Probe.nullish().catch(undefined) })
      .nullish()
      .catch(undefined),
  })
  .nullish()
  .catch(undefined);

const HealthStatus = z.object({
  nodes: z
    .array(z.object({ name: z.string(), host: Path, 'health-endpoint': Path }))
    .nullish()
    .catch(undefined),
  timestamp: z.string().optional().catch(undefined),
});

/** What one node saw of the others, itself left out. */
export const NodeHealth = z
  .object({
    from: z.string(),
    probed: z.number().int(),
    /** Nodes that did not answer, how (`pod network (http: no route to host)`), and the oldest probe of each. */
    unreachable: z
      .array(z.object({ node: z.string(), how: z.string(), at: z.string().optional() }).readonly())
      .readonly(),
    /** Oldest probe among them, ISO 8601. */
    oldestProbe: z.string().optional(),
  })
  .readonly();
export type NodeHealth = z.infer<typeof NodeHealth>;

const MAX_UNREACHABLE = 50;

/** @returns undefined when the text is not what the command prints. */
export function parseNodeHealth(from: string, stdout: string): NodeHealth | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(stdout);
  } catch {
    // Not JSON: an error text, or output cut short.
    return undefined;
  }
  const parsed = HealthStatus.safeParse(raw);
  if (!parsed.success) return undefined;
  const others = (parsed.data.nodes ?? []).filter((node) => shortName(node.name) !== from);
  const seen = others.map((node) => ({ node: shortName(node.name), how: failureOf(node), at: oldestOf(node) }));
  const times = seen.flatMap((each) => (each.at === undefined ? [] : [each.at])).sort();
  const oldest = times[0] ?? parsed.data.timestamp;
  return {
    from,
    probed: seen.filter((each) => each.at !== undefined || each.how !== undefined).length,
    unreachable: seen
      .flatMap(({ node, how, at }) => (how === undefined ? [] : [{ node, how, ...(at === undefined ? {} : { at }) }]))
      .slice(0, MAX_UNREACHABLE),
    ...(oldest === undefined ? {} : { oldestProbe: oldest }),
  };
}

type Probed = { readonly host?: z.infer<typeof Path>; readonly 'health-endpoint'?: z.infer<typeof Path> };

/** With Cluster Mesh the name is `cluster/node`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function failureOf(node: Probed): string | undefined {
  const parts = [
    ['node address', node.host],
    ['pod network', node['health-endpoint']],
  ] as const;
  const failures = parts.flatMap(([where, path]) => {
    const address = path?.['primary-address'];
    const kinds = (['icmp', 'http'] as const).flatMap((kind) => {
      const status = address?.[kind]?.status;
      return status === undefined || status === '' ? [] : [`${kind}: ${lastWords(status)}`];
    });
    return kinds.length === 0 ? [] : [`${where} (${kinds.join(', ')})`];
  });
  return failures.length === 0 ? undefined : failures.join('; ');
}

/** Go wraps errors from the outside in: what really happened comes last. */
function lastWords(status: string): string {
  return status
    .slice(status.lastIndexOf(': ') + 1)
    .trim()
    .slice(0, 80);
}

function oldestOf(node: Probed): string | undefined {
  const times = [node.host, node['health-endpoint']].flatMap((path) => {
    const address = path?.['primary-address'];
    return [address?.icmp?.lastProbed, address?.http?.lastProbed].filter((at) => at !== undefined);
  });
  return times.sort()[0];
}
