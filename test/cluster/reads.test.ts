import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import type { ListQuery } from '../../src/core/ports/ports.ts';
import { CONFIG_MAPS, NODES, PODS } from '../../src/core/resources.ts';
import { openStub, type Stub, type StubHandlers } from '../support/stub-api-server.ts';
import { apiAnswers, type Recorded, recorded } from './recorded.ts';

const SIGNAL = new AbortController().signal;
const FAST = { headersMs: 150, bodyMs: 150 };
const MAP = { namespace: 'a', name: 'b' };

const opened: Stub[] = [];
afterEach(async () => {
  for (const stub of opened.splice(0)) await stub.close();
});

async function stubbed(...args: Parameters<typeof openStub>): Promise<Stub> {
  const stub = await openStub(...args);
  opened.push(stub);
  return stub;
}

/** Answers the n-th request with the n-th entry; the last one again and again. */
function inTurn(...answers: readonly Pick<Recorded, 'status' | 'headers' | 'body'>[]): StubHandlers {
  let turn = 0;
  return {
    request: (_, response) => {
      const answer = answers[Math.min(turn, answers.length - 1)];
      turn += 1;
      if (answer === undefined) return;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    },
  };
}

const ok = (body: unknown) => ({
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});
const fails = (status: number, headers: Record<string, string> = {}) => ({ status, headers, body: '' });
const pageOf = (names: readonly string[], next?: string) =>
  ok({ metadata: { continue: next }, items: names.map((name) => ({ metadata: { name, managedFields: [{}] } })) });

async function collect(stub: Stub, query: Partial<ListQuery> = {}): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  for await (const page of stub.port.list(PODS, { as: 'objects', ...query }, SIGNAL)) items.push(...page);
  return items;
}

const named = (...names: string[]) => names.map((name) => ({ metadata: { name } }));

describe('lists', () => {
  it('follow the continue token and drop the bookkeeping of field managers', async () => {
    const stub = await stubbed(inTurn(pageOf(['a', 'b'], 'next'), pageOf(['c'])));

    expect(await collect(stub, { pageSize: 2 })).toEqual(named('a', 'b', 'c'));
    expect(stub.seen.map(({ url }) => url.search)).toEqual(['?limit=2', '?limit=2&continue=next']);
  });

  it('send selectors, and ask for metadata only', async () => {
    const stub = await stubbed(inTurn(pageOf([])));
    await collect(stub, {
      namespace: 'x',
      labelSelector: 'a in (b,c)',
      fieldSelector: 'status.phase=Running',
      as: 'metadata',
    });

    const [seen] = stub.seen;
    expect(seen?.url.pathname).toBe('/api/v1/namespaces/x/pods');
    expect(seen?.url.searchParams.get('labelSelector')).toBe('a in (b,c)');
    expect(seen?.url.searchParams.get('fieldSelector')).toBe('status.phase=Running');
    expect(seen?.headers['accept']).toMatch(/^application\/json;as=PartialObjectMetadataList;v=v1;g=meta\.k8s\.io/);
    expect(seen?.headers['authorization']).toBe('Bearer t0ken');
  });

  it('go on from the token that the server gives when the old one has expired', async () => {
    const stub = await stubbed(
      inTurn(pageOf(['a'], 'old'), recorded(apiAnswers, '410-expired-continue-token'), pageOf(['b'])),
    );

    expect(await collect(stub)).toEqual(named('a', 'b'));
    expect(stub.seen[2]?.url.searchParams.get('continue')).toMatch(/^eyJ2Ijoi.*LTE/);
  });

  it('say Expired when the server offers no way on', async () => {
    const stub = await stubbed(
      inTurn(pageOf(['a'], 'old'), recorded(apiAnswers, '410-list-exact-old-resourceversion')),
    );

    await expect(collect(stub)).rejects.toMatchObject({ code: 'Expired' });
  });

  it('end when every token expires at once', async () => {
    const stub = await stubbed(inTurn(pageOf(['a'], 'old'), recorded(apiAnswers, '410-expired-continue-token')));

    await expect(collect(stub)).rejects.toBeInstanceOf(OpsError);
    expect(stub.seen.length).toBeLessThan(6);
  });

  it('end when the server repeats a page for ever', async () => {
    const stub = await stubbed(inTurn(pageOf(['a'], 'same')));

    await expect(collect(stub)).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
  });

  it('fetch no page that nobody reads', async () => {
    const stub = await stubbed(inTurn(pageOf(['a'], 'one'), pageOf(['b'], 'two'), pageOf(['c'])));
    for await (const _ of stub.port.list(PODS, { as: 'objects' }, SIGNAL)) break;

    expect(stub.seen).toHaveLength(1);
  });

  it('unpack gzip, and refuse a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000, ' '));
    const packed = (body: Buffer): StubHandlers => ({
      request: (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    });
    const good = await stubbed(packed(gzipSync(pageOf(['a']).body)));
    const bad = await stubbed(packed(bomb), { limits: { maxBodyBytes: 1_000_000 } });

    expect(await collect(good)).toEqual(named('a'));
    await expect(collect(bad)).rejects.toMatchObject({ code: 'OutputTooLarge' });
  });

  it.each([
    ['a page of HTML', '<html>log in</html>'],
    ['JSON that is no list', '{"kind":"Status"}'],
    ['nothing', ''],
  ])('say UnexpectedAnswer for %s', async (_, body) => {
    const stub = await stubbed(inTurn({ status: 200, headers: {}, body }));

    await expect(collect(stub)).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
  });
});

describe('reads are tried again', () => {
  it.each([429, 500, 502, 503, 504])('after %i', async (status) => {
    const stub = await stubbed(inTurn(fails(status), fails(status), ok({ kind: 'ConfigMap' })));

    expect(await stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).toEqual({ kind: 'ConfigMap' });
    expect(stub.pauses).toHaveLength(2);
    expect(Math.min(...stub.pauses)).toBeGreaterThan(0);
  });

  it('three times in all', async () => {
    const stub = await stubbed(inTurn(fails(503)));

    await expect(stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
    expect(stub.seen).toHaveLength(3);
  });

  it('after the time the server asked for', async () => {
    const stub = await stubbed(inTurn(fails(429, { 'Retry-After': '2' }), ok({})));
    await stub.port.get(CONFIG_MAPS, MAP, SIGNAL);

    expect(stub.pauses).toEqual([2_000]);
  });

  it('but not when the server asks for more patience than we have', async () => {
    const stub = await stubbed(inTurn(fails(429, { 'Retry-After': '60' })));

    await expect(stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 60_000,
    });
    expect(stub.seen).toHaveLength(1);
  });

  it.each([400, 403, 404, 409, 422])('but not after %i', async (status) => {
    const stub = await stubbed(inTurn(fails(status)));

    await expect(stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toBeInstanceOf(OpsError);
    expect(stub.seen).toHaveLength(1);
  });

  it('after a connection that broke in the middle of the answer', async () => {
    let turn = 0;
    const stub = await stubbed({
      request: (_, response) => {
        turn += 1;
        if (turn > 1) return void response.end('{"kind":"ConfigMap"}');
        response.writeHead(200, { 'content-length': '100' }).write('{"kind"');
        setImmediate(() => response.destroy());
      },
    });

    expect(await stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).toEqual({ kind: 'ConfigMap' });
  });

  it('with fresh credentials after 401, once', async () => {
    const stub = await stubbed(inTurn(recorded(apiAnswers, '401-bad-token')));

    await expect(stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({ code: 'Unauthenticated' });
    expect(stub.seen).toHaveLength(2);
  });

  it('but not any more once the signal has aborted', async () => {
    const stop = new AbortController();
    const stub = await stubbed({
      request: (_, response) => {
        stop.abort(new Error('stopped by a test'));
        response.writeHead(503).end();
      },
    });

    await expect(stub.port.get(CONFIG_MAPS, MAP, stop.signal)).rejects.toThrow('stopped by a test');
    expect(stub.seen).toHaveLength(1);
  });
});

describe('a server that does not answer', () => {
  it('times out when no headers come, after one more try on a new connection', async () => {
    const stub = await stubbed({ request: () => undefined }, { limits: FAST });

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'ClusterTimeout' });
    expect(stub.seen).toHaveLength(2);
  });

  it('times out when headers drip in', async () => {
    const timers: NodeJS.Timeout[] = [];
    const stub = await stubbed(
      {
        request: (request) => {
          request.socket.write('HTTP/1.1 200 OK\r\n');
          timers.push(setInterval(() => request.socket.write('X: y\r\n'), 20));
        },
      },
      { limits: FAST },
    );

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'ClusterTimeout' });
    timers.forEach(clearInterval);
  });

  it('times out when the body drips in', async () => {
    const timers: NodeJS.Timeout[] = [];
    const stub = await stubbed(
      {
        request: (_, response) => {
          response.writeHead(200).write('{');
          timers.push(setInterval(() => response.write(' '), 20));
        },
      },
      { limits: FAST },
    );

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'ClusterTimeout' });
    timers.forEach(clearInterval);
  });

  it('lets go at once when the signal aborts, and closes the connection', async () => {
    const stop = new AbortController();
    const stub = await stubbed({ request: () => stop.abort(new Error('stopped by a test')) });

    await expect(stub.port.version(stop.signal)).rejects.toThrow('stopped by a test');
    await expect.poll(stub.sockets).toBe(0);
  });

  it('is told apart from one that is not there', async () => {
    const stub = await stubbed({});
    await stub.close();
    opened.splice(0);

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  });
});

describe('other reads', () => {
  it('say UnexpectedAnswer for a shape that cannot be', async () => {
    const stub = await stubbed(inTurn(ok([])));

    await expect(stub.port.version(SIGNAL)).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
    await expect(stub.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
    await expect(stub.port.mayI([{ verb: 'list', resource: NODES }], SIGNAL)).rejects.toMatchObject({
      code: 'UnexpectedAnswer',
    });
  });

  it('reuse connections', async () => {
    const stub = await stubbed(inTurn(ok({ gitVersion: 'v1.36.2' })));
    for (let n = 0; n < 10; n += 1) await stub.port.version(SIGNAL);

    // Two, because the next request may leave before the last answer's socket is free again.
    expect(stub.sockets()).toBeLessThanOrEqual(2);
  });

  it('ask one access review per question, and repeat it when the server stumbles', async () => {
    const stub = await stubbed(
      inTurn(recorded(apiAnswers, '201-ssar-allowed'), fails(503), recorded(apiAnswers, '201-ssar-denied')),
    );
    const first = await stub.port.mayI([{ verb: 'list', resource: NODES }], SIGNAL);
    const second = await stub.port.mayI([{ verb: 'create', resource: PODS, subresource: 'exec' }], SIGNAL);

    expect([...first, ...second]).toEqual([true, false]);
    expect(stub.seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
  });

  it('keep the order of many access questions', async () => {
    const stub = await stubbed({
      request: (request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const allowed = Buffer.concat(parts).includes('"verb":"get"');
          setTimeout(() => response.writeHead(201).end(JSON.stringify({ status: { allowed } })), allowed ? 20 : 0);
        });
      },
    });
    const verbs = ['get', 'list', 'get', 'watch', 'get', 'patch', 'get'];

    expect(
      await stub.port.mayI(
        verbs.map((verb) => ({ verb, resource: NODES })),
        SIGNAL,
      ),
    ).toEqual(verbs.map((verb) => verb === 'get'));
  });

  it('take the log as it comes', async () => {
    const stub = await stubbed(inTurn(recorded(apiAnswers, '200-log-finished')));
    const log = await stub.port.podLog({ namespace: 'a', pod: 'b', container: 'c', tailLines: 5 }, SIGNAL);

    expect(log.trim()).toBe('done');
    expect(stub.seen[0]?.url.search).toMatch(/^\?container=c&tailLines=5&limitBytes=\d+$/);
  });

  it('do not take for a log what the kubelet says about a removed container', async () => {
    const stub = await stubbed(inTurn(recorded(apiAnswers, '200-log-previous-crasher')));
    const reading = stub.port.podLog(
      { namespace: 'a', pod: 'b', container: 'c', previous: true, tailLines: 5 },
      SIGNAL,
    );

    await expect(reading).rejects.toMatchObject({ code: 'NotFound' });
  });
});
