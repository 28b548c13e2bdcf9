import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, fixture } from './support.ts';

type Recorded = {
  readonly case: string;
  readonly as: string;
  readonly request: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
  readonly contentType: string | null;
  readonly answer: unknown;
};

const CONTEXTS: readonly (readonly [RegExp, string])[] = [
  [/^admin/, 'admin'],
  [/limited/, 'limited'],
  [/^garbage/, 'not-a-token'],
  [/^no credentials/, 'none'],
];

/** What differs between any two clusters: revisions, uids and the bookkeeping of field managers. */
function comparable(answer: unknown): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(/"resourceVersion":"\d+"/g, '"resourceVersion":"n"')
    .replaceAll(/resource version: \d+, current: \d+/g, 'resource version')
    .replaceAll(/"managedFields":\[.*?\]\},"spec"/g, '"x":0},"spec"')
    .replaceAll(/record \([0-9a-f-]{36}\)/g, 'record (uid)');
  const parsed = JSON.parse(text) as { metadata?: { x?: number } };
  if (parsed.metadata !== undefined) delete parsed.metadata.x;
  return parsed;
}

describe('answers compared with those of a real API server (Kubernetes 1.36)', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster();
  });
  afterAll(() => cluster.close());

  it.each(fixture<Recorded[]>('errors').map((recorded): [string, Recorded] => [recorded.case, recorded]))(
    '%s',
    async (_name, recorded) => {
      const [method = '', path = ''] = recorded.request.split(' ');
      const as = CONTEXTS.find(([pattern]) => pattern.test(recorded.as))?.[1] ?? 'admin';
      const { headers, body } = recorded;

      const reply = await ask(cluster, { method, path, as, headers, ...(body === undefined ? {} : { body }) });

      expect(reply.status).toBe(recorded.status);
      expect(reply.contentType).toBe(recorded.contentType);
      expect(comparable(reply.body)).toEqual(comparable(recorded.answer));
    },
  );

  it('answers an unknown API group in plain text', async () => {
    const reply = await ask(cluster, { path: '/apis/nope.example/v1/things' });

    expect([reply.status, reply.contentType, reply.text]).toEqual([
      404,
      'text/plain; charset=utf-8',
      '404 page not found\n',
    ]);
  });
});
