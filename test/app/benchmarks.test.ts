import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { record } from '../../src/app/record.ts';
import { submit } from '../../src/app/submit.ts';
import { Origin } from '../../src/core/actor.ts';
import type { Benchmark } from '../../src/core/benchmark/benchmark.ts';
import type { RunId } from '../../src/core/ids.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { expectGoodMessage } from '../render/slack-rules.ts';
import { accepted, aJob, aWorld, fine, lee, OPS, replied, type World } from './world.ts';

const VXLAN = { one: [9.49, 9.14, 9.11, 9.95, 9.92, 10.05], four: [16.07, 16.21, 14.46, 17.14, 17.69, 17.95] };
const NATIVE = { one: [9.93, 9.36, 10.26, 10.19, 9.9, 10.34], four: [18.34, 16.87, 18.94, 18.32, 17.44, 18.66] };

function aBenchmark(routing: string, rates: typeof VXLAN): Benchmark {
  const series = [1, 4].map((streams) => ({
    path: 'pod' as const,
    from: 'node1',
    to: 'node2',
    streams,
    protocol: 'tcp' as const,
    reverse: false,
    samples: (streams === 1 ? rates.one : rates.four).map((rate) => ({ bitsPerSecond: rate * 1e9 })),
    failures: [],
  }));
  return { schemaVersion: 1, cluster: 'prod', asOf: '2026-11-23T00:00:00Z', conditions: { routing }, series };
}

const both = () => aWorld({ jobs: [aJob({ name: 'iperf', words: [['iperf']] }), aJob()] });

async function measured(world: World, data: unknown, packed = false, line = 'iperf'): Promise<RunId> {
  const id = await accepted(world, line);
  const at = world.clock.now().toISOString();
  await record(world.state.runs, id, { type: 'started', at, attempt: 1, worker: 'host/1' });
  const name = packed ? 'result.json.gz' : 'result.json';
  const plain = new TextEncoder().encode(JSON.stringify(data));
  const bytes = packed ? new Uint8Array(gzipSync(plain)) : plain;
  const key = `${id}/${name}`;
  await world.state.blobs.put(key, bytes);
  const artifact = { name, key, title: 'Result', mimetype: 'application/json', sizeBytes: bytes.byteLength };
  await record(world.state.runs, id, { type: 'artifact', at, attempt: 1, ...artifact });
  await record(world.state.runs, id, { type: 'ended', at, outcome: fine });
  return id;
}

describe('compare', () => {
  it('says about the recorded VXLAN and native results what is real and what is noise', async () => {
    const world = both();
    const before = await measured(world, aBenchmark('VXLAN', VXLAN));
    const after = await measured(world, aBenchmark('native routing', NATIVE), true);

    const reply = await replied(world, `compare ${before} ${after}`);

    expect(reply.mark).toBe('ok');
    expect(reply.text).toBe(`${before} → ${after}: pod to pod 1 stream +4 % (within noise), 4 streams +10 % (real)`);
    expect(reply.lines.map(({ text }) => text)).toEqual([
      'node1 → node2 · Different conditions: routing: VXLAN, then native routing',
      'pod to pod, 1 stream: 9.71 → 10.06 Gbit/s (+4 %, within noise, p = 0.18), n = 6 and 6',
      'pod to pod, 4 streams: 16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041), n = 6 and 6',
    ]);
    expectGoodMessage(renderReply(reply));
  });

  it('a real loss is a warning', async () => {
    const world = both();
    const before = await measured(world, aBenchmark('native routing', NATIVE));
    const after = await measured(world, aBenchmark('VXLAN', VXLAN));

    expect((await replied(world, `compare ${before} ${after}`)).mark).toBe('warn');
  });

  it('takes what a change measured after itself', async () => {
    const world = both();
    const before = await measured(world, aBenchmark('VXLAN', VXLAN));
    const change = await measured(world, { bench: { after: aBenchmark('native routing', NATIVE) } });

    const { lines } = await replied(world, `compare ${before} ${change}`);
    expect(lines.map(({ text }) => text).join()).toContain('16.68 → 18.33');
  });

  it.each([
    { when: 'a run that measured nothing', data: { answer: 42 }, want: /cannot be compared: it measured nothing/ },
    {
      when: 'other nodes',
      data: {
        ...aBenchmark('VXLAN', VXLAN),
        series: aBenchmark('VXLAN', VXLAN).series.map((s) => ({ ...s, to: 'x' })),
      },
      want: /measured nothing alike/,
    },
  ])('$when cannot be compared, and is told so', async ({ data, want }) => {
    const world = both();
    const before = await measured(world, aBenchmark('VXLAN', VXLAN));
    const after = await measured(world, data);

    expect((await replied(world, `compare ${before} ${after}`)).text).toMatch(want);
  });

  it('asks for the second run where only one is typed', async () => {
    const world = both();
    const before = await measured(world, aBenchmark('VXLAN', VXLAN));

    expect((await replied(world, `compare ${before}`)).text).toMatch(/Which run/);
  });
});

describe('history', () => {
  it('lists the newest first, of one command, and offers to compare the last two benchmarks', async () => {
    const world = both();
    const first = await measured(world, aBenchmark('VXLAN', VXLAN));
    world.clock.advance(60_000);
    await accepted(world, 'status');
    world.clock.advance(60_000);
    const second = await measured(world, aBenchmark('VXLAN', VXLAN));

    const reply = await replied(world, 'history prod --command iperf');

    expect(reply.lines.map(({ label }) => label)).toEqual([second, first]);
    expect(reply.lines[0]).toMatchObject({ code: 'iperf', text: expect.stringMatching(/succeeded: Cilium on prod/) });
    expect(reply.next).toContainEqual({ label: 'Compare the last two', command: `compare ${first} ${second}` });
    expectGoodMessage(renderReply(reply));
    expect((await replied(world, 'history')).lines).toHaveLength(3);
  });

  it('says who, when, what came of it, and where the thread is', async () => {
    const linkTo = ({ channel, ts }: { channel: string; ts: string }) =>
      `https://x.slack.com/archives/${channel}/p${ts}`;
    const world = Object.assign(aWorld(), { linkTo });
    const id = await accepted(world, 'status prod');
    const delivery = { channel: 'C01OPS', parent: { ts: '12', hash: '', editedAtMs: 0, look: '' } };
    await world.state.blobs.put(`${id}/slack`, new TextEncoder().encode(JSON.stringify(delivery)));
    const asked = { line: 'history', root: '/cilium', by: lee, origin: OPS, requestKey: 'slash:history' };

    const submitted = await submit(world, asked);

    const line = { label: id, code: 'status prod', at: world.clock.now().toISOString() };
    expect(submitted).toMatchObject({
      reply: {
        lines: [{ ...line, text: 'U01DANA · waiting for a worker', url: 'https://x.slack.com/archives/C01OPS/p12' }],
        people: { users: ['U01DANA'] },
      },
    });
    if (submitted.type !== 'reply') throw new Error('history is an answer');
    expect(renderReply(submitted.reply).text).toContain('<https://x.slack.com/archives/C01OPS/p12|thread>');
  });

  it('shows nothing of clusters that belong to other channels', async () => {
    const config = { clusters: [{ name: 'prod', channels: ['C01OPS'] }, { name: 'dev' }] };
    const world = aWorld({ config });
    await accepted(world, 'status prod');
    const elsewhere = Origin.parse({ type: 'slack', channel: 'C02OTHER', via: 'slash' });

    expect((await replied(world, 'history', { origin: elsewhere })).lines).toEqual([]);
    expect((await replied(world, 'history prod', { origin: elsewhere })).text).toBe('There is no cluster "prod" here');
  });
});
