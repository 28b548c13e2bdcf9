import { setTimeout as sleep } from 'node:timers/promises';
import { median, mib, ms, printLine, quantile } from './numbers.mjs';
import { createPerson, rssOf, until } from './stack.mjs';

/** What people notice in Slack: the acknowledgement, the first message, how much the bot needs. */

const PER_SECOND = 50;
const TARGETS = { ackMs: 25, firstMessageMs: 1_000, upMs: 1_000, idleMib: 120, loadedMib: 140, allMib: 160 };

export async function measureStart(stack, place, times) {
  const bots = [];
  for (let time = 0; time < times; time += 1) {
    const bot = await stack.role('bot', place);
    await sleep(1_000);
    bots.push({ readyMs: bot.readyMs, rss: rssOf(bot).now });
    await bot.stop();
  }
  const all = await stack.role('all', place);
  await sleep(1_000);
  const allRss = rssOf(all).now;
  await all.stop();
  const up = median(bots.map((each) => each.readyMs));
  const idle = median(bots.map((each) => each.rss));
  printLine({
    what: 'bot up',
    measured: ms(up),
    against: `target ≤ ${ms(TARGETS.upMs)}`,
    n: times,
    ok: up <= TARGETS.upMs,
  });
  printLine({
    what: 'bot RSS, idle',
    measured: mib(idle),
    against: `target ≤ ${TARGETS.idleMib} MiB`,
    n: times,
    ok: idle <= TARGETS.idleMib,
  });
  printLine({
    what: 'all roles in one, RSS, idle',
    measured: mib(allRss),
    against: `target ≤ ${TARGETS.allMib} MiB`,
    n: 1,
    ok: allRss <= TARGETS.allMib,
  });
}

/** From the command to the first message in the channel, one after the other. */
export async function measureFirstMessage(stack, place, times) {
  const bot = await stack.role('bot', place);
  const person = createPerson(place.slack);
  const waits = [];
  for (let time = 0; time < times; time += 1) {
    await person.reset();
    const askedAt = Date.now();
    await person.command('status');
    waits.push((await until(() => person.firstCall('chat.postMessage'), 10_000)) - askedAt);
    await sleep(100);
  }
  await bot.stop();
  const [half, worst] = [median(waits), Math.max(...waits)];
  const measured = `p50 ${ms(half)}, worst ${ms(worst)}`;
  const against = `target ≤ ${ms(TARGETS.firstMessageMs)}`;
  printLine({ what: 'command to first message', measured, against, n: times, ok: worst <= TARGETS.firstMessageMs });
}

/** The bot against a bare Bolt app, each alone with a Slack of its own. */
export async function measureAck(stack, place, seconds) {
  const bareSlack = await stack.slack();
  const echo = await stack.echoApp(bareSlack);
  const bare = await underLoad(bareSlack, seconds);
  await echo.stop();
  await bareSlack.stop();
  const bot = await stack.role('bot', place);
  const ours = await underLoad(place.slack, seconds);
  const loaded = rssOf(bot).peak;
  await bot.stop();
  const at = (times) => `p50 ${ms(median(times))}, p99 ${ms(quantile(times, 0.99))}`;
  const ratio = quantile(ours, 0.99) / quantile(bare, 0.99);
  printLine({
    what: `acknowledged, ${PER_SECOND} commands/s`,
    measured: at(ours),
    against: `target p99 ≤ ${TARGETS.ackMs} ms; bare Bolt ${at(bare)}`,
    n: ours.length,
    ok: quantile(ours, 0.99) <= TARGETS.ackMs,
  });
  printLine({ what: '  p99 against a bare Bolt echo app', measured: `${ratio.toFixed(1)} times`, n: bare.length });
  printLine({
    what: 'bot RSS, under that load (peak)',
    measured: mib(loaded),
    against: `target ≤ ${TARGETS.loadedMib} MiB`,
    n: 1,
    ok: loaded <= TARGETS.loadedMib,
  });
}

/** Commands at a steady rate, whether or not the ones before were answered; the first second warms up and is left out. */
async function underLoad(slack, seconds) {
  const person = createPerson(slack);
  const startedAt = performance.now();
  const waiting = [];
  for (let number = 0; number < (seconds + 1) * PER_SECOND; number += 1) {
    const due = startedAt + (number * 1_000) / PER_SECOND;
    await sleep(Math.max(0, due - performance.now()));
    const askedAt = performance.now();
    waiting.push(
      person.command('status').then(({ acked, failure }) => {
        if (!acked || failure) throw new Error(`a command was not acknowledged: ${failure}`);
        return performance.now() - askedAt;
      }),
    );
  }
  return (await Promise.all(waiting)).slice(PER_SECOND);
}
