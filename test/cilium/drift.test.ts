import { describe, expect, it } from 'vitest';
import { editedSince } from '../../src/cilium/facts/drift.ts';
import type { Installation, StatusData } from '../../src/cilium/facts/status-data.ts';
import { surroundingFindings } from '../../src/cilium/status/findings-surroundings.ts';

const RENDERED = { 'routing-mode': 'tunnel', 'enable-ipv6': 'false', debug: 'false' };

function found(edited: Installation['edited']): readonly string[] {
  const release = { name: 'cilium', namespace: 'kube-system', revision: 27, status: 'deployed' };
  const installation: Installation = {
    namespace: 'kube-system',
    daemonSet: 'cilium',
    desired: 3,
    ready: 3,
    updated: 3,
    observed: true,
    owner: { type: 'helm', name: 'cilium' },
    release,
    settings: {},
    ...(edited === undefined ? {} : { edited }),
  };
  const data: StatusData = {
    schemaVersion: 1,
    cluster: 'prod',
    asOf: '2026-11-23T15:20:00.000Z',
    cilium: 'installed',
    missing: [],
    nodes: [],
    chosen: [],
    installation,
    agents: [],
    features: [],
    health: [],
  };
  return surroundingFindings(data, installation).map(({ text }) => text);
}

describe('the ConfigMap beside what Helm rendered', () => {
  it('is the same when every setting is, in whatever order', () => {
    expect(editedSince(RENDERED, { debug: 'false', 'enable-ipv6': 'false', 'routing-mode': 'tunnel' })).toEqual([]);
    expect(found([])).toEqual([]);
    expect(found(undefined)).toEqual([]);
  });

  it('tells what was changed, added and taken away', () => {
    const edited = editedSince(RENDERED, { 'routing-mode': 'native', 'enable-ipv6': 'false', mtu: '1450' });

    expect(edited).toEqual([
      { key: 'debug', helm: 'false' },
      { key: 'mtu', now: '1450' },
      { key: 'routing-mode', helm: 'tunnel', now: 'native' },
    ]);
    expect(found(edited)).toEqual([
      'cilium-config is not what Helm revision 27 set: debug (none) (Helm: false), mtu 1450 (Helm: none), routing-mode native (Helm: tunnel); the next helm upgrade takes that back',
    ]);
  });

  it('stays short, however much was edited', () => {
    const live = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key-${n}`, 'x'.repeat(5_000)]));

    const edited = editedSince({}, live);

    expect(edited).toHaveLength(20);
    expect(found(edited)[0]?.length).toBeLessThanOrEqual(600);
    expect(found(editedSince({}, { a: '1', b: '2', c: '3', d: '4', e: '5' }))[0]).toContain('and 2 more settings');
  });
});
