import { clip, count } from '../../src/cilium/facts/text.ts';
import { ownerWords } from '../../src/cilium/restart/restart-work.ts';
import type { Progress } from '../../src/core/job.ts';
import { doneOf, isOver, type OwnerWatch, plannedOf } from './restarting.ts';

/** So many owners have a line of their own; the others share one. */
const OWN_LINES = 8;
const OTHERS = 'others';
/** A budget that says no between two pods is how it works: what lasts longer is worth telling. */
const WAITS_MS = 3_000;

type Group = { readonly step: string; readonly title: string; readonly watches: readonly OwnerWatch[] };

/** The biggest owners first, as planned. */
function groupsOf(watches: readonly OwnerWatch[]): readonly Group[] {
  const own = watches.length <= OWN_LINES + 1 ? watches : watches.slice(0, OWN_LINES);
  const others = watches.slice(own.length);
  return [
    ...own.map((watch, index) => ({
      step: `owner-${index + 1}`,
      title: clip(ownerWords(watch.owner), 140),
      watches: [watch],
    })),
    ...(others.length === 0 ? [] : [{ step: OTHERS, title: `${count(others.length, 'more owner')}`, watches: others }]),
  ];
}

/** What changed since it was last told: a group begins, counts, ends. */
export function* news(watches: readonly OwnerWatch[]): Generator<Progress> {
  for (const { step, title, watches: group } of groupsOf(watches)) {
    if (group.every(({ told }) => told === 'ended')) continue;
    if (group.every(({ told }) => told === 'no')) yield { type: 'step-started', step, title };
    yield { type: 'counted', step, done: doneOf(group), total: plannedOf(group), detail: detailOf(group) };
    const over = group.every(isOver);
    for (const watch of group) watch.told = over ? 'ended' : 'begun';
    if (over) yield end(step, group);
  }
}

/** What is still open when a person stopped the run. */
export function* endSteps(watches: readonly OwnerWatch[]): Generator<Progress> {
  for (const { step, watches: group } of groupsOf(watches))
    if (group.some(({ told }) => told === 'begun')) yield end(step, group);
}

function end(step: string, group: readonly OwnerWatch[]): Progress {
  const why = group.flatMap(({ gaveUp, refused }) => gaveUp ?? [...refused.values()][0] ?? []);
  const isWhole = group.every(({ state }) => state.finished);
  const detail = why.length === 0 ? endWords(isWhole) : clip(why.join('; '), 300);
  return { type: 'step-ended', step, result: isWhole ? 'ok' : 'warn', detail };
}

function endWords(isWhole: boolean): string {
  return isWhole ? 'all ready' : 'stopped';
}

/** Always something: a step keeps its last detail, and a budget that said no once must not stand there for ever. */
function detailOf(group: readonly OwnerWatch[]): string {
  const away = group.reduce((sum, { state }) => sum + state.away, 0);
  const blocked = group.find(
    ({ blocked: by, state, idleMs }) => by !== undefined && state.away === 0 && idleMs > WAITS_MS,
  );
  if (blocked?.blocked !== undefined) return clip(`waits: ${blocked.blocked.why}`, 300);
  if (away > 0) return `${away} on their way`;
  const due = group.reduce((sum, { state }) => sum + state.due.length, 0);
  return due === 0 ? endWords(true) : `${due} to go`;
}
