import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publish } from '../../src/app/publish/publish.ts';
import type { PublishDeps } from '../../src/app/publish/publishing.ts';
import { Origin } from '../../src/core/actor.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { ChatPort } from '../../src/core/ports/chat.ts';
import type { Run } from '../../src/core/run/run.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { openSwitchWorld, type SwitchWorld } from '../jobs/switch-world.ts';
import { EVERY } from '../support/every.ts';
import { createFakeChat } from '../support/fake-chat.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';
import { isPossible, leftOver, openStage, type Stage } from './crash-stage.ts';

/*
 * What lasts longer than anybody would wait: Slack away during the whole of a change, an API server that does not come
 * back, and another change that was approved for the same cluster. Real Redis, real helm, workers of their own.
 */
const SPEED = 20;
/** Of the workers: half that of the other crash tests, for nobody waits for these but the gate. */
const CLOCK_SPEED = 4;

const SLACK = 'Slack is away for ten minutes: the change goes on, and the thread is brought up to date';
const API = 'the API server stays away: the state is unknown, with what was proven and how to go on by hand';
const TWO = 'two changes approved for one cluster: one is made, the other finds another world';

// Seen in the last lines of a run: what was not played here, and what it needs.
if (!EVERY)
  describe('a change in an outage (with CI=1)', () => {
    for (const what of [SLACK, API, TWO]) it.skip(what);
  });

describe.skipIf(!isPossible || !EVERY)('a change in an outage', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(CLOCK_SPEED);
  });
  afterAll(async () => stage.close());

  async function onCluster(play: (world: SwitchWorld) => Promise<void>): Promise<void> {
    const world = await openSwitchWorld({ speed: SPEED });
    try {
      await play(world);
    } finally {
      await world.close();
    }
  }

  const ended = (id: RunId): Promise<Run> => stage.until(id, ({ now }) => now.state === 'ended');

  const endOf = ({ now }: Run): string => (now.state === 'ended' ? now.outcome.type : now.state);

  function tell(what: string, run: Run, more: string): void {
    process.stdout.write(`${what.slice(0, 90)} | ${run.attempt} attempts | ${endOf(run).padEnd(12)} | ${more}\n`);
  }

  it.concurrent(SLACK, async () => {
    await onCluster(async (world) => {
      const id = await stage.ask(Origin.parse({ type: 'slack', channel: 'C01OPS', via: 'slash' }));
      const slack = aSlack(stage);
      stage.startWorker(world, id);
      await stage.began(id, 'probe-start');
      await slack.bringUp(id);
      const before = slack.parent();
      slack.goAway();
      await stage.began(id, 'canary');
      await expect(slack.bringUp(id)).rejects.toMatchObject({ code: 'SlackUnavailable' });
      const run = await ended(id);
      slack.pass(10 * MINUTE_MS);
      await expect(slack.bringUp(id)).rejects.toMatchObject({ code: 'SlackUnavailable' });

      slack.comeBack();
      await slack.bringUp(id);

      expect(run.now).toMatchObject({ outcome: { type: 'succeeded' } });
      expect(before).toContain('running');
      expect(slack.parent()).toContain('✅ prod runs native routing');
      expect(slack.thread()).toEqual(expect.arrayContaining(['loss.png', expect.stringMatching(/^plan-\w+\.diff$/)]));
      expect(slack.thread().join('\n')).toContain('Verification');
      tell(SLACK, run, `thread of ${slack.thread().length} messages`);
    });
  }, 200_000);

  it.concurrent(API, async () => {
    await onCluster(async (world) => {
      const id = await stage.ask();
      const worker = stage.startWorker(world, id);
      await stage.began(id, 'canary');
      await world.fault('api', 'unreachable');
      worker.kill('SIGUSR2');

      const run = await ended(id);

      await world.fault('api', 'off');
      if (run.now.state !== 'ended' || run.now.outcome.type !== 'unknown')
        throw new Error(`it ended ${JSON.stringify(run.now)}`);
      const { lastProven, report } = run.now.outcome;
      // Where the machine is busy the canary is over before the API server is away.
      expect(lastProven).toMatch(/^Helm release cilium revision 2$|of 3 agents run native routing/);
      expect(report?.next.map(({ command }) => command)).toEqual(['verify prod', `continue ${id}`, 'rollback prod']);
      const byHand = report?.sections.filter(({ title }) => title.startsWith('By hand')).flatMap(({ lines }) => lines);
      expect(byHand).toContain('helm -n kube-system rollback cilium 1');
      expect(byHand).toContain('kubectl -n kube-system rollout restart daemonset/cilium');
      tell(API, run, `last proven: ${lastProven}`);
    });
  }, 200_000);

  it.concurrent(TWO, async () => {
    await onCluster(async (world) => {
      const ids = [await stage.ask(), await stage.ask()];
      for (const id of ids) stage.startWorker(world, id);

      const runs = await Promise.all(ids.map(ended));

      expect(runs.map(endOf).toSorted()).toEqual(['refused', 'succeeded']);
      const ref = { namespace: 'kube-system', name: 'cilium' };
      const history = await world.helm.history(ref, AbortSignal.timeout(20_000));
      expect(history.map(({ revision }) => revision)).toEqual([1, 2]);
      expect(await leftOver(world)).toEqual({ modes: 'Native', probes: 0, holder: '' });
      for (const run of runs) tell(TWO, run, `Helm has ${history.length} revisions`);
    });
  }, 200_000);
});

/** The bot's half, with a Slack that answers or does not, and a clock of its own. */
function aSlack({ store }: Stage) {
  const chat = createFakeChat();
  const clock = createFakeClock();
  let isAway = false;
  const reaching = <Args extends readonly unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => {
    return async (...args: Args): Promise<Answer> => {
      if (isAway) throw new OpsError('SlackUnavailable', 'Slack does not answer');
      return call(...args);
    };
  };
  const port: ChatPort = {
    post: reaching(chat.post),
    update: reaching(chat.update),
    upload: reaching(chat.upload),
    tell: reaching(chat.tell),
    whisper: reaching(chat.whisper),
  };
  const render = (run: Run) => renderRun(run, { uploads: true });
  const deps: PublishDeps = { state: store.state, chat: port, render, clock, log: silentLog };
  return {
    goAway: () => {
      isAway = true;
    },
    comeBack: () => {
      isAway = false;
    },
    pass: (ms: number) => clock.advance(ms),
    /** As the queue does: again, for as long as there is more to bring. */
    bringUp: async (id: RunId): Promise<void> => {
      while ((await publish(deps, id)).type === 'later') {
        clock.advance(MINUTE_MS);
        await sleep(5);
      }
    },
    parent: () => chat.messages()[0]?.text ?? '',
    thread: () =>
      chat
        .messages()
        .slice(1)
        .map(({ file, text }) => file?.name ?? text),
  };
}
