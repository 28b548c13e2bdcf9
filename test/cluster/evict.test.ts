import { afterEach, describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { guardWrites } from '../../src/core/guarded.ts';
import { openStub, type Stub } from '../support/stub-api-server.ts';

const SIGNAL = new AbortController().signal;
const POD = { namespace: 'legacy', name: 'legacy-db-0' };

const opened: Stub[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

type Answer = { readonly status: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> };

/** Answers the n-th request with the n-th answer. */
async function stubbed(...answers: readonly Answer[]): Promise<Stub> {
  let turn = 0;
  const stub = await openStub({
    request: (_, response) => {
      const { status, body, headers } = answers[turn] ?? { status: 500, body: {} };
      turn += 1;
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    },
  });
  opened.push(stub);
  return stub;
}

function failure(code: number, message: string, more: object = {}): Answer {
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, ...more },
  };
}

/** The body as recorded on a real cluster (Kubernetes 1.36). */
const BLOCKED = failure(429, "Cannot evict pod as it would violate the pod's disruption budget.", {
  reason: 'TooManyRequests',
  details: {
    causes: [
      {
        reason: 'DisruptionBudget',
        message: 'The disruption budget legacy-web needs 3 healthy pods and has 3 currently',
      },
    ],
  },
});
const TWO_BUDGETS = failure(
  500,
  'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
);
const EVICTED: Answer = {
  status: 201,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
};
const OLD_SERVER = failure(400, 'no kind "Eviction" is registered for version "policy/v1" in scheme "legacyscheme"', {
  reason: 'BadRequest',
});

describe('an eviction', () => {
  it('asks for policy/v1, and for this very pod', async () => {
    const stub = await stubbed(EVICTED);

    const answer = await stub.write.evict(POD, 'uid-1', SIGNAL);

    expect(answer).toEqual({ type: 'evicted' });
    expect(stub.seen.map(({ method, url }) => [method, url.pathname])).toEqual([
      ['POST', '/api/v1/namespaces/legacy/pods/legacy-db-0/eviction'],
    ]);
    await expect.poll(() => stub.bodies[0]).toBeDefined();
    expect(JSON.parse(stub.bodies[0] ?? '')).toEqual({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: POD,
      deleteOptions: { preconditions: { uid: 'uid-1' } },
    });
  });

  it.each([
    {
      when: 'a budget says no',
      first: BLOCKED,
      want: {
        type: 'blocked',
        budget: 'legacy-web',
        retryAfterMs: undefined,
        why: expect.stringContaining('needs 3 healthy'),
      },
    },
    {
      when: 'a budget says no, and when to come back',
      first: { ...BLOCKED, headers: { 'Retry-After': '10' } },
      want: { type: 'blocked', budget: 'legacy-web', retryAfterMs: 10_000 },
    },
    {
      when: 'two budgets select it',
      first: TWO_BUDGETS,
      want: { type: 'refused', why: expect.stringContaining('more than one') },
    },
    {
      when: 'it is gone',
      first: failure(404, 'pods "legacy-db-0" not found', {
        reason: 'NotFound',
        details: { name: 'legacy-db-0', kind: 'pods' },
      }),
      want: { type: 'gone' },
    },
    {
      when: 'its successor has its name',
      first: failure(409, 'the UID in the precondition (uid-1) does not match the UID in record (uid-2)', {
        reason: 'Conflict',
      }),
      want: { type: 'gone' },
    },
  ])('is answered, not failed, and sent once, when $when', async ({ first, want }) => {
    const stub = await stubbed(first);

    expect(await stub.write.evict(POD, 'uid-1', SIGNAL)).toMatchObject(want);
    expect(stub.seen).toHaveLength(1);
  });

  it('speaks policy/v1beta1 with a server that knows no other, and remembers', async () => {
    const stub = await stubbed(OLD_SERVER, EVICTED, BLOCKED);

    const answers = [await stub.write.evict(POD, 'u', SIGNAL), await stub.write.evict(POD, 'u', SIGNAL)];

    expect(answers.map(({ type }) => type)).toEqual(['evicted', 'blocked']);
    await expect.poll(() => stub.bodies.length).toBe(3);
    const versions = stub.bodies.map((body) => (JSON.parse(body) as { apiVersion: string }).apiVersion);
    expect(versions).toEqual(['policy/v1', 'policy/v1beta1', 'policy/v1beta1']);
  });

  it('fails when the right is missing', async () => {
    const stub = await stubbed(
      failure(
        403,
        'pods "legacy-db-0" is forbidden: User "x" cannot create resource "pods/eviction" in API group "" in the namespace "legacy"',
        { reason: 'Forbidden' },
      ),
    );

    await expect(stub.write.evict(POD, 'u', SIGNAL)).rejects.toMatchObject({ code: 'Forbidden' });
  });

  it('is not sent once another holds the Lease', async () => {
    const stub = await stubbed(EVICTED);
    const lost = async (): Promise<never> =>
      Promise.reject(new OpsError('Superseded', 'another attempt has taken over'));

    const evicting = guardWrites(stub.write, { prove: lost }).evict(POD, 'u', SIGNAL);

    await expect(evicting).rejects.toMatchObject({ code: 'Superseded' });
    expect(stub.seen).toEqual([]);
  });
});
