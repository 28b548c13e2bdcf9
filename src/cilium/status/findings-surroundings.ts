import type { Finding } from '../../core/run/report.ts';
import type { NodeHealth } from '../facts/node-health.ts';
import type { Installation, Release, StatusData, Workload } from '../facts/status-data.ts';
import { clip, count, listed, plainAge, tally } from '../facts/text.ts';
import { staleMtuFindings } from '../restart/stale-mtu.ts';
import type { Unmanaged } from '../restart/unmanaged.ts';

/** Release, operator, relay, cluster health, pods outside Cilium. */
export function surroundingFindings(data: StatusData, installation: Installation): readonly Finding[] {
  return [
    ...operator(installation.operator),
    ...release(installation.release),
    ...edited(installation),
    ...workload('Hubble relay', installation.relay),
    ...workload('Envoy', installation.envoy),
    ...health(data),
    ...unmanaged(data.unmanaged, data.cluster),
    ...staleMtuFindings(data.staleMtu, data.cluster),
  ].map((finding) => ({ ...finding, text: clip(finding.text, 600) }));
}

/** Restarts of the operator are no sign of trouble: it restarts whenever it loses its leader election. */
function operator(workload: Workload | undefined): readonly Finding[] {
  if (workload === undefined || workload.ready >= workload.desired) return [];
  const none = workload.ready === 0;
  const text = `Operator ${workload.ready}/${workload.desired} ready${none ? ': no pod CIDRs are handed to new nodes, and stale endpoints stay' : ''}`;
  return [{ mark: none ? 'fail' : 'warn', text }];
}

function release(known: Release | undefined): readonly Finding[] {
  const status = known?.status ?? '';
  const where = `Helm release ${known?.name ?? ''} revision ${known?.revision ?? '?'} is ${status}`;
  if (status.startsWith('pending-'))
    return [
      { mark: 'warn', text: `${where}: a change is under way or died; helm refuses the next one until it is undone` },
    ];
  if (status === 'failed') return [{ mark: 'warn', text: `${where}: its last change did not finish` }];
  return [];
}

/** Three settings tell which edit it was. */
const EDITS_SHOWN = 3;

function edited({ edited: all = [], release: known }: Installation): readonly Finding[] {
  if (all.length === 0) return [];
  const words = all
    .slice(0, EDITS_SHOWN)
    .map(({ key, helm, now }) => `${key} ${now ?? '(none)'} (Helm: ${helm ?? 'none'})`);
  const more = all.length > EDITS_SHOWN ? ` and ${count(all.length - EDITS_SHOWN, 'more setting')}` : '';
  const text = `cilium-config is not what Helm revision ${known?.revision ?? '?'} set: ${words.join(', ')}${more}`;
  return [{ mark: 'warn', text: `${text}; the next helm upgrade takes that back` }];
}

function workload(name: string, known: Workload | undefined): readonly Finding[] {
  if (known === undefined || known.ready >= known.desired) return [];
  return [{ mark: 'warn', text: `${name} ${known.ready}/${known.desired} ready` }];
}

/** A probe that met a restart tells of the restart; it stands for minutes after everything works again. */
const SETTLED_MS = 60_000;

function health(data: StatusData): readonly Finding[] {
  const starts = new Map(data.agents.map((agent) => [agent.node, Date.parse(agent.startedAt ?? '')]));
  const settled = (node: string, at: string | undefined) =>
    !(Date.parse(at ?? '') - (starts.get(node) ?? Number.NaN) < SETTLED_MS);
  const bad = data.health.flatMap((each) =>
    each.unreachable
      .filter((peer) => settled(each.from, peer.at) && settled(peer.node, peer.at))
      .map((peer) => ({ ...peer, from: each.from })),
  );
  const [first] = bad;
  if (first === undefined) return [];
  const targets = tally(bad.map((each) => each.node)).map(([node]) => node);
  const when = oldest(data.health, data.asOf);
  const text = `Cluster health: ${listed(targets)} not reached by ${listed([...new Set(bad.map((each) => each.from))])} (${first.how})`;
  return [{ mark: 'warn', text: `${text}; probed ${when}. It lags about 2 min: no verdict on its own` }];
}

export function oldest(health: readonly NodeHealth[], asOf: string): string {
  const times = health.flatMap((each) => (each.oldestProbe === undefined ? [] : [each.oldestProbe])).sort();
  const ago = plainAge(times[0], asOf);
  return ago === undefined ? 'at an unknown time' : `up to ${ago} ago`;
}

function unmanaged(known: Unmanaged | undefined, cluster: string): readonly Finding[] {
  if (known === undefined || known.total + known.notLookedAt === 0) return [];
  const namespaces = tally(known.pods.map((pod) => pod.namespace)).map(([namespace]) => namespace);
  const atLeast = known.notLookedAt > 0 ? 'at least ' : '';
  const text = `${atLeast}${count(known.total, 'pod')} ${known.total === 1 ? 'is' : 'are'} not managed by Cilium (${listed(namespaces)})`;
  const more =
    known.notLookedAt === 0 ? '' : `; ${count(known.notLookedAt, 'more pod')} without an endpoint not looked at`;
  const scope = namespaces.length === 1 ? ` -n ${namespaces[0]}` : '';
  const next = { label: 'Plan restart', command: `restart unmanaged ${cluster}${scope}` };
  return [{ mark: 'warn', text: `${text}${more}`, ...(next.command.length <= 200 ? { next } : {}) }];
}
