import { z } from 'zod';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../clock.ts';
import { ChannelId } from '../ids.ts';
import { isTimeZone } from './maintenance-window.ts';

/** Runs that nobody asks for: a command that only looks, again and again, and a message only when something changed. */
export const ScheduleName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'a schedule has a name of 1 to 40 of a-z, 0-9 and -')
  .brand<'ScheduleName'>();
export type ScheduleName = z.infer<typeof ScheduleName>;

const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

const Every = z
  .string()
  .regex(/^[1-9]\d{0,3}[mhd]$/, 'looks like 15m, 6h or 1d')
  .refine((text) => msOf(text) <= 7 * DAY_MS, 'at most 7d');

function msOf(every: string): number {
  return Number(every.slice(0, -1)) * (UNITS[every.slice(-1)] ?? MINUTE_MS);
}

const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const WEEKDAYS = 'sun|mon|tue|wed|thu|fri|sat';
/** What each of the five fields may hold. */
const FIELDS = [
  { from: 0, to: 59, names: undefined },
  { from: 0, to: 23, names: undefined },
  { from: 1, to: 31, names: undefined },
  { from: 1, to: 12, names: MONTHS.split('|') },
  { from: 0, to: 7, names: WEEKDAYS.split('|') },
] as const;

function isCron(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return fields.length === FIELDS.length && FIELDS.every((field, at) => isField(fields[at] ?? '', field));
}

function isField(text: string, field: (typeof FIELDS)[number]): boolean {
  return text.split(',').every((part) => {
    const [, range = '', step] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    if (step !== undefined && Number(step) === 0) return false;
    if (range === '*') return true;
    const ends = range.split('-').map((end) => numberOf(end, field));
    const [from, to] = ends;
    return ends.length <= 2 && from !== undefined && ends.every((end) => end !== undefined) && from <= (to ?? from);
  });
}

function numberOf(text: string, { from, to, names }: (typeof FIELDS)[number]): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + from;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

export const Schedule = z
  .strictObject({
    name: ScheduleName.optional().describe('How it is called; by default its command with dashes'),
    command: z.string().min(1).max(200).describe('What somebody could have typed, and only looks: status prod'),
    every: Every.optional().describe('15m, 6h, 1d'),
    cron: z
      .string()
      .max(100)
      .refine(isCron, 'five fields: minute hour day month weekday, as in 0 8 * * mon-fri')
      .optional()
      .describe('Minute, hour, day of the month, month, weekday; in place of every'),
    timeZone: z
      .string()
      .refine(isTimeZone, { error: 'not a time zone (Europe/Berlin)' })
      .default('UTC')
      .describe('Of cron'),
    channel: ChannelId.describe('Where a change is said'),
  })
  .refine(({ every, cron }) => (every === undefined) !== (cron === undefined), { error: 'one of every and cron' })
  .transform((schedule) => ({ ...schedule, name: schedule.name ?? nameOf(schedule.command) }))
  .readonly();
export type Schedule = z.infer<typeof Schedule>;

export const Schedules = z.array(Schedule).max(100);

function nameOf(command: string): ScheduleName {
  const name = command
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return ScheduleName.parse(name === '' ? 'schedule' : name);
}

/** `every 15 min`, `at 0 8 * * mon-fri (Europe/Berlin)`. */
export function rhythmOf({ every, cron, timeZone }: Pick<Schedule, 'every' | 'cron' | 'timeZone'>): string {
  if (every === undefined) return `at ${cron ?? ''} (${timeZone})`;
  const unit = { m: 'min', h: 'h', d: 'd' }[every.slice(-1)] ?? '';
  return `every ${every.slice(0, -1)} ${unit}`;
}

/** What a scheduler needs to know. */
export type Rhythm = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string };

export function tickingOf({ every, cron, timeZone }: Pick<Schedule, 'every' | 'cron' | 'timeZone'>): Rhythm {
  return every === undefined ? { cron: cron ?? '', timeZone } : { everyMs: msOf(every) };
}
