import { expect, it } from 'vitest';
import { publish } from '../../src/app/publish/publish.ts';
import { record } from '../../src/app/record.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Outcome } from '../../src/core/run/outcome.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { aDesk, type Desk, runsOf } from './desk.ts';

const ALT = 'Bar chart. prod: throughput. Pod to pod, 4 streams: median 16.68 Gbit/s of 6 runs. <!channel>';
const measured: Outcome = {
  type: 'succeeded',
  report: {
    mark: 'ok',
    headline: 'prod on VXLAN: 4 streams 16.68 Gbit/s',
    facts: [],
    findings: [],
    table: { columns: ['Measured', 'Median'], rows: [['pod to pod, 4 streams', '16.68 Gbit/s']] },
    sections: [],
    next: [],
    asOf: '2026-11-23T15:20:00.000Z',
  },
};

/** A benchmark that ended with its chart; published as the bot does. */
async function aChart(desk: Desk): Promise<void> {
  const { world } = desk;
  await desk.command('status');
  const [id] = (await runsOf(desk)) as [RunId];
  const at = world.clock.now().toISOString();
  const key = `${id}/iperf.png`;
  await world.state.blobs.put(key, Buffer.from('iVBORw0KGgo=', 'base64'));
  await record(world.state.runs, id, { type: 'started', at, attempt: 1, worker: 'host/1' });
  const artifact = {
    name: 'iperf.png',
    title: 'prod: throughput',
    mimetype: 'image/png',
    key,
    sizeBytes: 8,
    altText: ALT,
  };
  await record(world.state.runs, id, { type: 'artifact', at, attempt: 1, ...artifact });
  await record(world.state.runs, id, { type: 'ended', at, outcome: measured });
  const render = (run: Parameters<typeof renderRun>[0]) => renderRun(run, { now: world.clock.now(), uploads: true });
  await publish({ ...world, chat: desk.bot.chat, render }, id);
}

it('where uploads are off the table stands in the channel, and the thread says why and what the chart would show', async () => {
  const desk = await aDesk();
  await desk.fault('uploads', 'disabled');

  await aChart(desk);

  const [parent, ...thread] = await desk.messages();
  expect(parent?.blocks.some(({ type }) => type === 'table')).toBe(true);
  const said = thread.find(({ text }) => text.includes('Not attached'))?.text ?? '';
  expect(said).toContain('file uploads are disabled in this workspace');
  expect(said).toContain(
    'What it shows: Bar chart. prod: throughput. Pod to pod, 4 streams: median 16.68 Gbit/s of 6 runs',
  );
  expect(said).not.toContain('<!channel');
  expect(thread.flatMap(({ files }) => files)).toEqual([]);
});

it('where they are on it is in the thread, and its words with it for those who cannot see it', async () => {
  const desk = await aDesk();

  await aChart(desk);

  const thread = (await desk.messages()).filter(({ files }) => files.length > 0);
  expect(thread.map(({ files }) => files.map(({ name }) => name))).toEqual([['iperf.png']]);
  expect(thread[0]?.text).not.toContain('What it shows');
});
