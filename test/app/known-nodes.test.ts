import { describe, expect, it } from 'vitest';
import { knownNodes, nodesLike, rememberingNodes } from '../../src/app/known-nodes.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { ClusterPort, ListQuery, State } from '../../src/core/ports/ports.ts';
import { NODES, PODS } from '../../src/core/resources.ts';
import { nodeOptions } from '../../src/render/form-view.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { createTestLog } from '../support/test-log.ts';

const PROD = ClusterName.parse('prod');

function node(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { metadata: { name, labels }, status: { anything: true } };
}

/** A reader of these pages behind the port that remembers. */
function aReader(pages: readonly (readonly unknown[])[], state: (real: State) => State = (real) => real) {
  const clock = createFakeClock();
  const { blobs } = state(createMemoryState(clock.now));
  const unused = () => Promise.reject(new OpsError('Bug', 'not in this test'));
  const list: ClusterPort['list'] = async function* () {
    yield* pages;
  };
  const port: ClusterPort = {
    name: PROD,
    list,
    version: unused,
    get: unused,
    exec: unused,
    podLog: unused,
    mayI: unused,
  };
  const log = createTestLog();
  const remembering = rememberingNodes(port, { blobs, now: clock.now, log });
  const read = async (resource = NODES, query: Partial<ListQuery> = {}): Promise<number> => {
    let seen = 0;
    const all = remembering.list(resource, { as: 'objects', ...query }, AbortSignal.timeout(1_000));
    for await (const page of all) seen += page.length;
    return seen;
  };
  return { blobs, clock, log, read, known: () => knownNodes(blobs, PROD), list: remembering.list };
}

describe('names of nodes', () => {
  it('are kept when somebody has read them all: in the order people count, each once, with its zone', async () => {
    const zone = { 'topology.kubernetes.io/zone': 'a' };
    const reader = aReader([[node('node10'), node('node2', zone)], [node('node2', zone), node('node1')], ['no node']]);

    expect(await reader.read()).toBe(5);

    expect(await reader.known()).toEqual({
      asOf: reader.clock.now().toISOString(),
      nodes: [{ name: 'node1' }, { name: 'node2', zone: 'a' }, { name: 'node10' }],
    });
  });

  it.each([
    { when: 'by a label', resource: NODES, query: { labelSelector: 'a=b' } },
    { when: 'by a field', resource: NODES, query: { fieldSelector: 'metadata.name=node1' } },
    { when: 'of something else', resource: PODS, query: {} },
  ])('a list $when is not taken for all nodes', async ({ resource, query }) => {
    const reader = aReader([[node('node1')]]);

    await reader.read(resource, query);

    expect(await reader.known()).toBeUndefined();
  });

  it('of a reader who stopped half way are not kept', async () => {
    const reader = aReader([[node('node1')], [node('node2')]]);

    for await (const _ of reader.list(NODES, { as: 'objects' }, AbortSignal.timeout(1_000))) break;

    expect(await reader.known()).toBeUndefined();
  });

  it('that cannot be kept are no trouble of the reader', async () => {
    const put = () => Promise.reject(new OpsError('StoreUnavailable', 'it is down'));
    const reader = aReader([[node('node1')]], (real) => ({ ...real, blobs: { ...real.blobs, put } }));

    expect(await reader.read()).toBe(1);
  });

  it('are forgotten after a month', async () => {
    const reader = aReader([[node('node1')]]);
    await reader.read();

    reader.clock.advance(31 * 24 * 3_600_000);

    expect(await reader.known()).toBeUndefined();
  });

  it('of 5,000 nodes fit, and a picker gets as many as it can show', async () => {
    const names = Array.from(
      { length: 5_000 },
      (_, at) => `ip-10-0-${at}.eu-central-1.compute.internal.some.more.example`,
    );
    const reader = aReader([names.map((name) => node(name, { 'topology.kubernetes.io/zone': 'eu-central-1a' }))]);
    await reader.read();

    const known = await reader.known();

    expect(known?.nodes).toHaveLength(5_000);
    if (known === undefined) return;
    expect(nodeOptions(nodesLike(known, ''))).toHaveLength(100);
    expect(nodesLike(known, 'EU-CENTRAL-1A 10-0-4999').map(({ name }) => name)).toEqual([names[4_999]]);
    expect(nodesLike(known, 'elsewhere')).toEqual([]);
  });

  it('that no option of Slack can carry are left out of the picker: they may be typed', () => {
    expect(nodeOptions([{ name: 'x'.repeat(76) }, { name: 'node1', zone: 'a' }])).toMatchObject([
      { value: 'node1', description: { text: 'zone a' } },
    ]);
  });
});
