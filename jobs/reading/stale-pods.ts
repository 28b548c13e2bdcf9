import { configuredRouting } from '../../src/cilium/facts/config-view.ts';
import type { DaemonSet } from '../../src/cilium/facts/kube-objects.ts';
import { releaseOf } from '../../src/cilium/facts/ownership.ts';
import { versionOfImage } from '../../src/cilium/facts/versions.ts';
import {
  countsAsStale,
  keepsRoutes,
  type StaleMtu,
  type StaleRule,
  staleRule,
} from '../../src/cilium/restart/stale-mtu.ts';
import { readSwitches } from '../changing/kept-state.ts';
import { AGENT_CONTAINER } from './installation.ts';
import type { Reading } from './reading.ts';
import { type Wanted, withoutEndpoint } from './unmanaged-pods.ts';

/** Which running pods may have the route MTU of another mode: one more read, and only where agents are that old. */
export async function readStaleRule(
  reading: Reading,
  daemonSet: DaemonSet,
  config: Readonly<Record<string, string>>,
): Promise<StaleRule> {
  const image = daemonSet.spec.template.spec.containers.find((each) => each.name === AGENT_CONTAINER)?.image ?? '';
  const version = versionOfImage(image);
  const { namespace } = releaseOf(daemonSet) ?? daemonSet.metadata;
  const switches = version !== undefined && keepsRoutes(version.text) ? await readSwitches(reading, namespace) : [];
  const { mode } = configuredRouting(config);
  return staleRule({ mode: mode === 'native' || mode === 'tunnel' ? mode : undefined, config, version, switches });
}

/**
 * How many managed pods have it, by names and times of creation alone; undefined where nobody can tell. Only where a
 * switch is written down: the age of agents alone is no reason to alarm anybody. `but`: a namespace of our own pods.
 */
export async function countStale(
  reading: Reading,
  daemonSet: DaemonSet,
  config: Readonly<Record<string, string>>,
  but?: string,
): Promise<StaleMtu | undefined> {
  const rule = await readStaleRule(reading, daemonSet, config);
  if (rule.type !== 'recorded' || config['disable-endpoint-crd'] === 'true') return undefined;
  const isStale: Wanted = (createdAt, namespace) => namespace !== but && countsAsStale(rule, createdAt);
  const { left, total } = await withoutEndpoint(reading, { keep: 0 }, isStale);
  const { mode, bytes } = rule;
  return left === total ? undefined : { pods: left - total, mode, bytes };
}
