import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/run/outcome.ts';
import type { Run } from '../../src/core/run/run.ts';
import { openSwitchWorld, type SwitchWorld } from '../jobs/switch-world.ts';
import { EVERY } from '../support/every.ts';
import { isPossible, leftOver, openStage, type Stage } from './crash-stage.ts';

/*
 * Workers killed (SIGKILL) in the middle of a change, on a real Redis, with the real helm, on the rehearsal cluster at
 * twenty times its speed. Whatever the moment, the next worker ends the run applied and verified, or undone and
 * verified, and leaves nothing behind. The table is printed.
 */
const SPEED = 20;

/** The worker is killed when this step has begun, and `afterMs` later. */
type Kill = { readonly at: string; readonly afterMs?: number };

type Scenario = {
  readonly when: string;
  /** Two workers at most: a run that loses three is given up, which is another test. */
  readonly kills: readonly Kill[];
  /** Broken from the beginning of a step on, and mended at the beginning of another, or so many ms later. */
  readonly fault?: { readonly id: string; readonly value: string; readonly from: string; readonly until: string };
  readonly outage?: 'redis';
  readonly want: Outcome['type'];
};

const GONE_WRONG = { id: 'rollout', value: 'old-mode', from: 'upgrade', until: 'back-upgrade' } as const;
const AWAY = { id: 'api', value: 'unreachable', from: 'canary', until: '+1500' } as const;

const SCENARIOS: readonly Scenario[] = [
  {
    when: 'starting probes; in the middle of helm upgrade',
    kills: [{ at: 'probe-start' }, { at: 'upgrade', afterMs: 600 }],
    want: 'succeeded',
  },
  {
    when: 'before helm upgrade; the first agent restarts',
    kills: [{ at: 'upgrade' }, { at: 'canary', afterMs: 150 }],
    want: 'succeeded',
  },
  {
    when: 'the other agents restart; verifying',
    kills: [{ at: 'agents', afterMs: 150 }, { at: 'verify' }],
    want: 'succeeded',
  },
  { when: 'removing the probes', kills: [{ at: 'probe-end' }], want: 'succeeded' },
  {
    when: 'undoing: helm; undoing: agents',
    kills: [{ at: 'back-upgrade' }, { at: 'back-agents', afterMs: 100 }],
    fault: GONE_WRONG,
    want: 'rolled-back',
  },
  { when: 'undoing: verifying', kills: [{ at: 'back-verify' }], fault: GONE_WRONG, want: 'rolled-back' },
  { when: '(nobody dies; the API server is away)', kills: [], fault: AWAY, want: 'succeeded' },
  { when: '(nobody dies; Redis restarts)', kills: [], outage: 'redis', want: 'succeeded' },
];

/** All of them take two minutes of both cores: the gate plays every one, a run at the desk the two that differ most. */
const AT_THE_DESK = new Set(['starting probes; in the middle of helm upgrade', 'undoing: helm; undoing: agents']);
const PLAYED = SCENARIOS.filter(({ when }) => EVERY || AT_THE_DESK.has(when));

// Seen in the last lines of a run: what was not played here.
if (!EVERY)
  describe('a change whose worker dies at every other moment (with CI=1)', () => {
    for (const { when } of SCENARIOS.filter((scenario) => !PLAYED.includes(scenario))) it.skip(when);
  });

describe.skipIf(!isPossible)('a change whose worker dies', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => stage.close());

  async function play(scenario: Scenario) {
    const world = await openSwitchWorld({ speed: SPEED });
    try {
      const id = await stage.ask();
      const began = (step: string): Promise<Run> => stage.began(id, step);
      const startedMs = Date.now();
      let worker = stage.startWorker(world, id);
      const faults = scenario.fault === undefined ? undefined : breakFor(world, scenario.fault, began);
      for (const { at, afterMs = 0 } of scenario.kills) {
        await began(at);
        await sleep(afterMs);
        const exited = once(worker, 'exit');
        worker.kill('SIGKILL');
        await exited;
        worker = stage.startWorker(world, id);
      }
      if (scenario.outage === 'redis') {
        await began('canary');
        await stage.redis.kill();
        await sleep(500);
        await stage.redis.restart();
      }
      const ended = await stage.until(id, (run) => run.now.state === 'ended');
      await faults;
      const outcome = ended.now.state === 'ended' ? ended.now.outcome : undefined;
      return {
        ...scenario,
        outcome,
        attempts: ended.attempt,
        tookMs: Date.now() - startedMs,
        left: await leftOver(world),
      };
    } finally {
      await world.close();
    }
  }

  it('ends applied and verified or undone and verified, at whatever moment it dies', async () => {
    const lonely = PLAYED.filter(({ outage }) => outage === 'redis');
    const together = PLAYED.filter(({ outage }) => outage === undefined);
    const results = [
      ...(await pMap(together, play, { concurrency: 3 })),
      ...(await pMap(lonely, play, { concurrency: 1 })),
    ];

    process.stdout.write(
      results
        .map(({ when, attempts, outcome, left, tookMs }) =>
          [
            when.padEnd(48),
            `${attempts} attempts`,
            (outcome?.type ?? '').padEnd(12),
            outcome !== undefined && 'reason' in outcome ? String(outcome.reason).slice(0, 80) : '',
            `agents ${left.modes}`,
            `probe pods left ${left.probes}`,
            `${(tookMs / 1_000).toFixed(1)} s\n`,
          ].join(' | '),
        )
        .join(''),
    );
    for (const { when, want, outcome, left } of results) {
      expect({ when, type: outcome?.type, why: outcome }).toMatchObject({ when, type: want });
      expect({ when, ...left }).toEqual({
        when,
        modes: want === 'succeeded' ? 'Native' : 'Tunnel',
        probes: 0,
        holder: '',
      });
    }
  }, 400_000);
});

async function breakFor(
  world: SwitchWorld,
  { id, value, from, until: end }: NonNullable<Scenario['fault']>,
  began: (step: string) => Promise<unknown>,
): Promise<void> {
  await began(from);
  await world.fault(id, value);
  if (end.startsWith('+')) await sleep(Number(end.slice(1)));
  else await began(end);
  await world.fault(id, 'off');
}
