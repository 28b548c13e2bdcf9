import { z } from 'zod';
import type { HelmValues } from '../../core/ports/change-ports.ts';
import { rollOf, spanWords } from '../facts/disruption.ts';
import { atLeast, parseVersion } from '../facts/versions.ts';
import { type RoutingTarget, SwitchWork } from './switch-work.ts';

/**
 * What is kept in the cluster, in a ConfigMap beside the release, from before the first write until the next switch:
 * what a run set, what was there before, and which way it is going. A worker that takes over reads it first, and
 * `rollback` goes back by it, whatever has become of the run store or of Helm's old revisions.
 */
export const KEPT_STATE = 'cilium-chatops-way-back';

export const KeptState = z
  .object({
    schemaVersion: z.literal(1),
    run: z.string(),
    startedAt: z.string(),
    /** forward: switching · back: undoing, because of `why` · done: ended as wanted · undone: the old state, verified. */
    phase: z.enum(['forward', 'back', 'done', 'undone']),
    why: z.string().max(1_000).optional(),
    work: SwitchWork,
  })
  .readonly();
export type KeptState = z.infer<typeof KeptState>;

/** @returns undefined when the ConfigMap is not ours or was written by a bot that this one does not understand */
export function parseKeptState(data: Readonly<Record<string, string>>): KeptState | undefined {
  try {
    const parsed = KeptState.safeParse(JSON.parse(data['state'] ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Not JSON: edited by hand.
    return undefined;
  }
}

/** The line of the card that says how the change is undone, and what that costs. */
export function wayBackWords(work: SwitchWork, cluster: string, agents: number): string {
  if (work.to.mode === 'tunnel')
    return `this is the way back, and has none of its own: a failure ends with the commands to go on by hand; later /cilium enable native-routing ${cluster}`;
  const roll = rollOf(agents, work.atOnce);
  const again = roll.batches > 1 ? `, again with ${spanWords(roll.mixedS)} in mixed modes` : '';
  // Seen on a real cluster: the way back to a tunnel also cuts the way from hosts to pods.
  const hosts = work.from.mode === 'tunnel' ? '; hosts lose their pods on other nodes for 4–7 s' : '';
  return (
    `automatic on failure: the old values of ${Object.keys(work.old).length} Helm values, all switched agents ` +
    `restarted${again}${hosts}; later /cilium rollback ${cluster}`
  );
}

/** Values that select the tunnel explicitly, where nothing is known about the time before native routing. */
export function explicitTunnel(appVersion: string, protocol: string): HelmValues {
  const version = parseVersion(appVersion);
  const isNew = version === undefined || atLeast(version, '1.14.3');
  return isNew
    ? { routingMode: 'tunnel', tunnelProtocol: protocol, autoDirectNodeRoutes: false }
    : { tunnel: protocol, autoDirectNodeRoutes: false };
}

/** `--set routingMode=native --set tunnel=null`. None of the values holds a comma, a space or a quote. */
export function setFlags(values: HelmValues): string {
  return Object.entries(values)
    .map(([key, value]) => `--set ${key}=${String(value)}`)
    .join(' ');
}

/** The same values as the YAML that a Git repository takes. A null takes a value away that was set there. */
export function valuesYaml(values: HelmValues): readonly string[] {
  const lines: string[] = [];
  const open: string[] = [];
  for (const [path, value] of Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const shared = names.findIndex((each, depth) => open[depth] !== each);
    const from = shared === -1 ? names.length : shared;
    open.splice(from);
    for (const each of names.slice(from)) {
      lines.push(`${'  '.repeat(open.length)}${each}:`);
      open.push(each);
    }
    lines.push(`${'  '.repeat(names.length)}${last}: ${yamlScalar(value)}`);
  }
  return lines;
}

function yamlScalar(value: HelmValues[string]): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Whether an agent that says this about itself runs as `target` wants it. */
export function runsAs(
  target: RoutingTarget,
  { routing, nativeCidr }: { readonly routing: { readonly mode: string }; readonly nativeCidr?: string | undefined },
): boolean {
  if (routing.mode !== target.mode) return false;
  // Without masquerading an agent names no CIDR at all.
  return target.mode !== 'native' || nativeCidr === undefined || nativeCidr === target.cidr;
}
