import { describe, expect, it } from 'vitest';
import { eventually, type Harness, listen, socketApp, startSlack } from './harness.ts';

type Json = Record<string, unknown>;

const flip = (harness: Harness, id: string, value: string, board = 'slack') =>
  harness.control('faults', { board, id, value });
const post = (harness: Harness, extra: Json = {}) =>
  harness.api('chat.postMessage', { channel: harness.channel('ops'), text: 'x', ...extra });

describe('switches', () => {
  it.each<[string, string, string, (harness: Harness) => Promise<Json>]>([
    ['rate-limits', 'writes', 'ratelimited', (harness) => post(harness)],
    ['rate-limits', 'all', 'ratelimited', (harness) => harness.api('auth.test')],
    ['web-api', '503', 'service_unavailable', (harness) => post(harness)],
    ['web-api', 'internal-error', 'internal_error', (harness) => post(harness)],
    ['missing-scope', 'chat:write', 'missing_scope', (harness) => post(harness)],
    ['membership', 'removed', 'not_in_channel', (harness) => post(harness)],
    ['blocks', 'rejected', 'invalid_blocks', (harness) => post(harness, { blocks: [{ type: 'divider' }] })],
    [
      'blocks',
      'new-rejected',
      'invalid_blocks',
      (harness) => post(harness, { blocks: [{ type: 'markdown', text: 'x' }] }),
    ],
    [
      'uploads',
      'disabled',
      'file_uploads_disabled',
      (harness) => harness.api('files.getUploadURLExternal', { filename: 'a', length: 1 }),
    ],
    [
      'sockets',
      'drop',
      'internal_error',
      (harness) => harness.api('apps.connections.open', {}, harness.slack.tokens.appToken),
    ],
  ])('%s: %s answers %s, and can be taken back', async (id, value, error, call) => {
    const harness = await startSlack();
    expect(await call(harness)).toMatchObject({ ok: true });
    expect(await flip(harness, id, value)).toMatchObject({ ok: true });
    expect(await call(harness)).toMatchObject({ ok: false, error });
    await flip(harness, id, 'off');
    expect(await call(harness)).toMatchObject({ ok: true });
  });

  it('take uploads and response URLs away with the Web API', async () => {
    const harness = await startSlack();
    const { upload_url: url } = await harness.api('files.getUploadURLExternal', { filename: 'a.txt', length: 3 });
    await flip(harness, 'web-api', '503');
    expect((await fetch(String(url), { method: 'POST', body: 'abc' })).status).toBe(503);
    expect((await fetch(`${harness.slack.url}/commands/T/x/y`, { method: 'POST', body: '{}' })).status).toBe(503);
  });

  it('resets connections', async () => {
    const harness = await startSlack();
    await flip(harness, 'web-api', 'reset');
    await expect(harness.api('auth.test')).rejects.toThrow();
  });

  it('slows down', async () => {
    const harness = await startSlack({ times: { faultSlowMs: 120 } });
    await flip(harness, 'web-api', 'slow');
    const start = performance.now();
    await harness.api('auth.test');
    expect(performance.now() - start).toBeGreaterThan(100);
  });

  it('lists itself with off first, and refuses what it does not know', async () => {
    const harness = await startSlack();
    const [board] = (await harness.read('faults'))['switchboards'] as [
      { id: string; switches: { options: { value: string }[] }[] },
    ];
    expect(board.id).toBe('slack');
    expect(new Set(board.switches.map(({ options }) => options[0]?.value))).toEqual(new Set(['off']));
    expect(await flip(harness, 'nonsense', 'off')).toMatchObject({ ok: false, error: 'no_such_switch' });
    expect(await flip(harness, 'web-api', 'nonsense')).toMatchObject({ ok: false, error: 'no_such_switch' });
  });
});

describe('deliveries', () => {
  it('come twice, or not at all', async () => {
    const harness = await startSlack({ times: { ackTimeoutMs: 200 } });
    const app = socketApp(harness);
    const heard: (string | undefined)[] = [];
    app.command('/cilium', async ({ ack, command }) => {
      heard.push(command.trigger_id);
      await ack();
    });
    await app.start();
    const command = { channel: harness.channel('ops'), user: harness.user('dana'), command: '/cilium' };
    await flip(harness, 'deliveries', 'duplicate');
    await harness.control('command', command);
    expect(heard).toHaveLength(2);
    expect(heard[0]).toBe(heard[1]);
    await flip(harness, 'deliveries', 'lost');
    expect(await harness.control('command', command)).toMatchObject({ failure: 'operation_timeout' });
    expect(heard).toHaveLength(2);
  });

  it('end when connections are dropped, and go on after', async () => {
    const harness = await startSlack();
    await socketApp(harness).start();
    const sockets = async () => (await harness.read('state'))['sockets'];
    await flip(harness, 'sockets', 'drop');
    await eventually(async () => ((await sockets()) === 0 ? true : undefined));
    await flip(harness, 'sockets', 'off');
    await eventually(async () => ((await sockets()) === 1 ? true : undefined));
  });
});

it('passes the cluster’s switchboard through', async () => {
  const board = { id: 'cluster', title: 'Cluster', switches: [] };
  const cluster = await listen(() => ({ status: 200, body: JSON.stringify({ switchboards: [board] }) }));
  const clusterControl = `${cluster.url}_control`;
  const harness = await startSlack({ clusterControl });
  expect((await harness.read('faults'))['switchboards']).toMatchObject([{ id: 'slack' }, board]);
  expect(await flip(harness, 'api', 'slow', 'cluster')).toMatchObject({ ok: true });
  const change = cluster.seen.find(({ method }) => method === 'POST');
  expect(JSON.parse(change?.body ?? '')).toEqual({ board: 'cluster', id: 'api', value: 'slow' });
});
