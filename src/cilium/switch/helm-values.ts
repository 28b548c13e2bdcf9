import type { HelmValues } from '../../core/ports/change-ports.ts';
import { atLeast, parseVersion, type Version } from '../facts/versions.ts';

/** `auto`: agents install the routes to each other; `external`: a router, BGP or the cloud carries them. */
export type Routes = 'auto' | 'external';

export type NativeRouting = {
  /** Of the chart that is deployed: chart versions of distributions count differently. */
  readonly appVersion: string;
  readonly cidr: string;
  readonly routes: Routes;
};

export type ChosenValues =
  | { readonly type: 'values'; readonly values: HelmValues }
  | { readonly type: 'refused'; readonly why: string; readonly nextStep: string };

/**
 * The Helm values that select native routing, which three times got other names (charts 1.10 to 1.20 rendered with
 * helm 3.17 and 4.1):
 *
 * | chart         | values                                              | why not the others                               |
 * |---------------|-----------------------------------------------------|--------------------------------------------------|
 * | 1.10          | tunnel=disabled, nativeRoutingCIDR                  | routingMode is ignored without a word            |
 * | 1.11          | tunnel=disabled, ipv4NativeRoutingCIDR              | an old nativeRoutingCIDR would win, so it goes   |
 * | 1.12–1.13     | tunnel=disabled, ipv4NativeRoutingCIDR              | routingMode is ignored without a word            |
 * | 1.14.0–1.14.2 | tunnel=disabled, ipv4NativeRoutingCIDR, routingMode goes | routingMode renders its key twice, and `tunnel` of the user wins over tunnel=disabled |
 * | from 1.14.3   | routingMode=native, ipv4NativeRoutingCIDR, tunnel goes   | tunnel is ignored (1.15.0–7, 1.16.0–1) or rejected (after) |
 *
 * A chart takes unknown values silently: render and `assertConfigMap` before anybody is asked.
 */
export function nativeRoutingValues(
  wanted: NativeRouting & { readonly maxUnavailable?: number | string },
): ChosenValues {
  const version = parseVersion(wanted.appVersion);
  if (version === undefined) return unreadable(wanted.appVersion);
  const refused = unsupported(version);
  if (refused !== undefined) return refused;
  const { maxUnavailable } = wanted;
  return {
    type: 'values',
    values: {
      ...modeValues(version, wanted.cidr),
      autoDirectNodeRoutes: wanted.routes === 'auto',
      ...(maxUnavailable === undefined ? {} : { [MAX_UNAVAILABLE]: maxUnavailable }),
    },
  };
}

const MAX_UNAVAILABLE = 'updateStrategy.rollingUpdate.maxUnavailable';

function modeValues(version: Version, cidr: string): HelmValues {
  if (!atLeast(version, '1.11')) return { tunnel: 'disabled', nativeRoutingCIDR: cidr };
  if (!atLeast(version, '1.12')) return { tunnel: 'disabled', ipv4NativeRoutingCIDR: cidr, nativeRoutingCIDR: null };
  if (!atLeast(version, '1.14')) return { tunnel: 'disabled', ipv4NativeRoutingCIDR: cidr };
  if (!atLeast(version, '1.14.3')) return { tunnel: 'disabled', ipv4NativeRoutingCIDR: cidr, routingMode: null };
  return { routingMode: 'native', ipv4NativeRoutingCIDR: cidr, tunnel: null };
}

function unreadable(appVersion: string): ChosenValues {
  return {
    type: 'refused',
    why: `"${appVersion}" does not say which version of Cilium the chart installs`,
    nextStep: 'set the values by hand, or redeploy with a released chart',
  };
}

function unsupported(version: Version): ChosenValues | undefined {
  if (version.major !== 1)
    return {
      type: 'refused',
      why: `the Helm values of Cilium ${version.text} are not known here`,
      nextStep: 'use a newer version of the bot',
    };
  if (atLeast(version, '1.10')) return;
  return {
    type: 'refused',
    why: `Cilium ${version.text} is older than 1.10, the oldest version this change was tried with`,
    nextStep: 'upgrade Cilium first, one minor version at a time',
  };
}

/** What the user's values say now at each of `keys`: kept before a change, they are the values of the way back. null: not set. */
export function keptValues(config: Readonly<Record<string, unknown>>, keys: readonly string[]): HelmValues {
  return Object.fromEntries(keys.map((key) => [key, scalarAt(config, key.split('.'))]));
}

function scalarAt(config: unknown, path: readonly string[]): string | number | boolean | null {
  let at: unknown = config;
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  // The charts take nothing but scalars at these keys, so there is nothing else to keep.
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? at : null;
}

/** Whether two sets of user values say the same everywhere but at `keys`. An empty map says nothing. */
export function isSameBesides(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): boolean {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].every(
    (path) => keys.includes(path) || old.get(path) === now.get(path),
  );
}

function leavesOf(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([name, each]) => [...leavesOf(each, path === '' ? name : `${path}.${name}`)]),
  );
}

type ConfigData = Readonly<Record<string, string>>;

/** The keys of cilium-config that select the mode, by version; `tunnel-protocol` may go along (see `mayChange`). */
export function routingKeys(appVersion: string): { readonly mode: string; readonly cidr: string } {
  const version = parseVersion(appVersion);
  if (version === undefined) return { mode: 'routing-mode', cidr: 'ipv4-native-routing-cidr' };
  return {
    mode: atLeast(version, '1.14') ? 'routing-mode' : 'tunnel',
    cidr: atLeast(version, '1.11') ? 'ipv4-native-routing-cidr' : 'native-routing-cidr',
  };
}

const DIRECT_ROUTES = 'auto-direct-node-routes';

/**
 * Does the rendered cilium-config say what was wanted, and nothing else? `before` is that of the deployed revision.
 * @returns what is wrong with it, in words for people; empty when it is as wanted
 */
export function assertConfigMap(before: ConfigData, after: ConfigData, wanted: NativeRouting): readonly string[] {
  const keys = routingKeys(wanted.appVersion);
  const expected: ConfigData = {
    [keys.mode]: keys.mode === 'tunnel' ? 'disabled' : 'native',
    [keys.cidr]: wanted.cidr,
    [DIRECT_ROUTES]: String(wanted.routes === 'auto'),
  };
  return [...differing(after, expected), ...changedBesides(before, after, mayChange(keys))];
}

/** The same for the way back: routing as in `old` again, and nothing else changed since `before`. */
export function assertWayBack(
  before: ConfigData,
  after: ConfigData,
  old: { readonly appVersion: string; readonly data: ConfigData },
): readonly string[] {
  const keys = routingKeys(old.appVersion);
  const wrong = [keys.mode, keys.cidr, DIRECT_ROUTES]
    .filter((key) => after[key] !== old.data[key])
    .map((key) => `${key} would be ${quoted(after[key])}, not ${quoted(old.data[key])}`);
  return [...wrong, ...changedBesides(before, after, mayChange(keys))];
}

/**
 * What was set in cilium-config past Helm (`cilium config set`, kubectl), and would be set back by any upgrade: `live` is
 * that of the cluster, `after` what Helm renders. Keys that Helm does not know stay as they are.
 */
export function setBack(live: ConfigData, after: ConfigData, appVersion: string): readonly string[] {
  const ours = mayChange(routingKeys(appVersion));
  return Object.keys(after)
    .filter((key) => live[key] !== after[key] && !ours.includes(key))
    .sort()
    .map((key) => `${key} ${quoted(live[key])} → ${quoted(after[key])}`);
}

/** Up to 1.16 the chart leaves `tunnel-protocol` out in native mode; from 1.17 on it stays. */
function mayChange(keys: { readonly mode: string; readonly cidr: string }): readonly string[] {
  return [keys.mode, keys.cidr, DIRECT_ROUTES, ...(keys.mode === 'routing-mode' ? ['tunnel-protocol'] : [])];
}

function differing(after: ConfigData, expected: ConfigData): readonly string[] {
  return Object.entries(expected)
    .filter(([key, value]) => after[key] !== value)
    .map(([key, value]) => `${key} would be ${quoted(after[key])}, not ${quoted(value)}`);
}

function changedBesides(before: ConfigData, after: ConfigData, allowed: readonly string[]): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => before[key] !== after[key] && !allowed.includes(key))
    .sort()
    .map((key) => `${key} would change too: ${quoted(before[key])} → ${quoted(after[key])}`);
}

function quoted(value: string | undefined): string {
  return value === undefined ? '(not set)' : `"${value.slice(0, 100)}"`;
}
