import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Checks, serveHealth, withGrace } from '../../src/observe/health-server.ts';
import { createClosers } from '../../src/roles/closers.ts';
import { systemClock } from '../../src/roles/system-clock.ts';

describe('closers', () => {
  it('close newest first, once', async () => {
    const closers = createClosers();
    const closed: string[] = [];
    for (const name of ['store', 'queue', 'bot']) {
      closers.add(async () => {
        closed.push(name);
      });
    }

    await closers.close();
    await closers.close();

    expect(closed).toEqual(['bot', 'queue', 'store']);
  });

  it('close the rest when one of them fails, and say what failed', async () => {
    const closers = createClosers();
    const closed: string[] = [];
    closers.add(async () => {
      closed.push('store');
    });
    closers.add(() => Promise.reject(new Error('the queue would not close')));

    const failure = await closers.close().catch((thrown: unknown) => thrown);

    expect(closed).toEqual(['store']);
    expect(failure).toMatchObject({ errors: [{ message: 'the queue would not close' }] });
  });
});

describe('health', () => {
  async function ask(checks: Checks, path: string) {
    const health = await serveHealth(0, { checks: () => checks });
    onTestFinished(health.close);
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return { status: response.status, body: await response.json() };
  }

  it.each<{ readonly when: string; readonly checks: Checks; readonly status: number }>([
    { when: 'everything holds', checks: { store: () => true, slack: async () => true }, status: 200 },
    { when: 'one does not', checks: { store: async () => true, slack: () => false }, status: 503 },
    {
      when: 'one rejects',
      checks: { store: () => Promise.reject(new Error('secret')), slack: () => true },
      status: 503,
    },
  ])('is ready only when $when: $status', async ({ checks, status }) => {
    const ready = await ask(checks, '/readyz');

    expect(ready.status).toBe(status);
    expect(Object.keys(ready.body as object)).toEqual(['store', 'slack']);
    expect(JSON.stringify(ready.body)).not.toContain('secret');
  });

  it('is alive even when it is not ready', async () => {
    expect(await ask({ store: () => false }, '/healthz')).toEqual({ status: 200, body: { ok: true } });
  });

  it('ends with its connections: nobody can hold up a shutdown', async () => {
    const health = await serveHealth(0, { checks: () => ({ slow: () => new Promise<boolean>(() => undefined) }) });
    const asking = fetch(`http://127.0.0.1:${health.port}/readyz`).catch(() => 'cut off');
    const socket = connect(health.port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');

    await health.close();

    expect(await asking).toBe('cut off');
  });

  it('asks the checks that hold by then: one who starts or stops is alive and not ready', async () => {
    let checks: Checks = { started: () => false };
    const health = await serveHealth(0, { checks: () => checks });
    onTestFinished(health.close);
    const status = (path: string) => fetch(`http://127.0.0.1:${health.port}${path}`).then((each) => each.status);
    const [starting, alive] = [await status('/readyz'), await status('/healthz')];

    checks = { store: () => true };

    expect([starting, alive, await status('/readyz')]).toEqual([503, 200, 200]);
  });

  it('hands out metrics, and says so when they cannot be had', async () => {
    const scrapes = ['# HELP a b\n'];
    const scrape = async () => scrapes.pop() ?? Promise.reject(new Error('secret'));
    const health = await serveHealth(0, { checks: () => ({}), metrics: { scrape, contentType: 'text/plain; x=1' } });
    onTestFinished(health.close);
    const get = () => fetch(`http://127.0.0.1:${health.port}/metrics`);

    const [first, second] = [await get(), await get()];

    expect(first.headers.get('content-type')).toBe('text/plain; x=1');
    expect(await first.text()).toBe('# HELP a b\n');
    expect(second.status).toBe(500);
    expect(await second.text()).not.toContain('secret');
  });

  it('holds for a while after it last held: Slack closes every socket now and then', () => {
    let up = true;
    const [patient, impatient] = [withGrace(() => up, 60_000), withGrace(() => up, -1)];
    expect(patient()).toBe(true);

    up = false;

    expect(patient()).toBe(true);
    expect(impatient()).toBe(false);
    expect(withGrace(() => up, 60_000)()).toBe(false);
  });

  it('knows nothing else', async () => expect((await ask({}, '/metrics/../x')).status).toBe(404));
});

describe('the system clock', () => {
  it('rejects a sleep with the reason of its signal', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');

    const sleeping = systemClock.sleep(60_000, stop.signal);
    stop.abort(reason);

    await expect(sleeping).rejects.toBe(reason);
  });

  it('sleeps as long as it is told', async () => {
    const from = Date.now();

    await systemClock.sleep(20, new AbortController().signal);

    expect(Date.now() - from).toBeGreaterThanOrEqual(19);
  });
});
