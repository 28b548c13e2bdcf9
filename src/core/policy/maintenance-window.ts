import { z } from 'zod';
import { DAY_MS, MINUTE_MS } from '../clock.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time looks like 22:00');

/** Recurring, on the wall clock of its place: summer time moves it. Over midnight when `to` is not after `from`. */
export const MaintenanceWindow = z
  .strictObject({
    /** On which days it begins. */
    days: z.array(z.enum(DAYS)).min(1),
    from: time,
    to: time,
    timeZone: z.string().refine(isTimeZone, { error: 'not a time zone (Europe/Berlin)' }),
  })
  .readonly();
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export function isOpen(windows: readonly MaintenanceWindow[], at: Date): boolean {
  return windows.some((window) => openIn(window, wallClock(window.timeZone)(at)));
}

/** When the next one opens, to the minute; `from` itself when one is open; undefined when none opens within eight days. */
export function nextOpening(windows: readonly MaintenanceWindow[], from: Date): Date | undefined {
  if (isOpen(windows, from)) return from;
  return firstMinute(windows, { from, untilMs: from.getTime() + 8 * DAY_MS, open: true });
}

/** When it is closed again, or `until` when that comes first. `from` is a moment at which it is open. */
export function nextClosing(windows: readonly MaintenanceWindow[], from: Date, until: Date): Date {
  return firstMinute(windows, { from, untilMs: until.getTime(), open: false }) ?? until;
}

type Search = { readonly from: Date; readonly untilMs: number; readonly open: boolean };

/** Minute by minute, because wall clocks skip and repeat hours. */
function firstMinute(windows: readonly MaintenanceWindow[], { from, untilMs, open }: Search): Date | undefined {
  const clocks = windows.map((window) => ({ window, read: wallClock(window.timeZone) }));
  const firstMs = Math.floor(from.getTime() / MINUTE_MS + 1) * MINUTE_MS;
  for (let ms = firstMs; ms < untilMs; ms += MINUTE_MS) {
    const at = new Date(ms);
    if (clocks.some(({ window, read }) => openIn(window, read(at))) === open) return at;
  }
  return undefined;
}

type WallClock = { readonly day: number; readonly minute: number };

function wallClock(timeZone: string): (at: Date) => WallClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map((part) => [part.type, part.value]));
    const names: readonly string[] = DAYS;
    const day = names.indexOf(parts.get('weekday')?.toLowerCase() ?? '');
    return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
  };
}

function openIn({ days, from, to }: MaintenanceWindow, { day, minute }: WallClock): boolean {
  const [begin, end] = [minutes(from), minutes(to)];
  const begins = (which: number): boolean => days.some((each) => each === DAYS[(which + 7) % 7]);
  if (begin < end) return begins(day) && minute >= begin && minute < end;
  return (begins(day) && minute >= begin) || (begins(day - 1) && minute < end);
}

function minutes(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}
