import { z } from 'zod';
import type { Outcome } from './outcome.ts';
import type { Report } from './report.ts';

/**
 * What an outcome says, as a list in which two outcomes can be compared. Each item has a key in which nothing is left
 * that moves by itself (counts, percentages, ages, times), and the text that a person reads. Two outcomes say the same
 * when their keys are the same.
 *
 * Kept in keys because they change only when somebody or something changes them: names, versions, addresses, CIDRs, and
 * the revision of a Helm release.
 */
export const Item = z.object({ key: z.string().max(400), text: z.string().max(300) }).readonly();
export type Item = z.infer<typeof Item>;

export type Signature = {
  readonly items: readonly Item[];
  /** Some of it could not be read: what is missing from the items may still be so. */
  readonly partial: boolean;
};

const MAX_ITEMS = 80;
/** The kind of what the outcome itself says, in place of its report. */
const OUTCOME = 'outcome';

export function signatureOf(outcome: Outcome): Signature {
  const report = 'report' in outcome ? outcome.report : undefined;
  const said = outcomeItem(outcome);
  const items = [...(said === undefined ? [] : [said]), ...(report === undefined ? [] : reportItems(report))];
  return { items: unique(items).slice(0, MAX_ITEMS), partial: report === undefined || report.partial !== undefined };
}

function outcomeItem(outcome: Outcome): Item | undefined {
  switch (outcome.type) {
    case 'succeeded':
      return undefined;
    case 'failed':
      // By code: messages carry addresses and durations.
      return { key: `${OUTCOME} failed ${outcome.code}`, text: clip(outcome.message) };
    case 'timed-out':
      return { key: `${OUTCOME} timed-out`, text: 'It did not end in time' };
    case 'refused':
      return { key: `${OUTCOME} refused`, text: clip(outcome.reason) };
    case 'unknown':
      return { key: `${OUTCOME} unknown`, text: clip(outcome.why) };
    case 'rejected':
    case 'expired':
    case 'cancelled':
    case 'rolled-back':
      return { key: `${OUTCOME} ${outcome.type}`, text: `It was ${outcome.type.replace('-', ' ')}` };
    default:
      throw new Error(`unhandled outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}

function reportItems(report: Report): readonly Item[] {
  const findings = report.findings.filter(({ text }) => !/^\d+ more things? to look at/.test(text));
  const silent = findings.length === 0 && report.mark !== 'ok' && report.partial === undefined;
  return [
    ...(silent ? [item('headline', report.headline)] : []),
    ...findings.map(({ mark, text }) => item(`finding ${mark}`, text)),
    ...(report.table?.rows ?? []).map(([name = '', state = '']) => item('row', `${name}: ${state}`)),
    ...report.facts.flatMap((fact) => fact.split(' · ')).map((fact) => item('fact', fact)),
    ...partialParts(report.partial).map((part) => item('missing', `Not read: ${part}`)),
  ];
}

/** How many agents were heard in time is luck; a right that is missing is not. */
function partialParts(partial: string | undefined): readonly string[] {
  return (partial ?? '').split('; ').filter((part) => part !== '' && !part.startsWith('heard '));
}

function item(kind: string, text: string): Item {
  return { key: `${kind} ${steady(text)}`.slice(0, 400), text: clip(text) };
}

function clip(text: string): string {
  const points = [...text];
  return points.length <= 200 ? text : `${points.slice(0, 199).join('')}…`;
}

function unique(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((each) => [each.key, each])).values()];
}

const MOVING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '#'],
  [/\bpod [\w.-]+/g, 'pod #'],
  // The port of whoever called: another one each time.
  [/:\d{4,5}(?=->)/g, ':#'],
  [/(?<![\w:.])\d{1,2}:\d{2}(?::\d{2})?(?![\w:.])/g, '#'],
  [/(?<![\w.:/-])\d+\/\d+(?![\w./-])/g, '#/#'],
  [/(?<![\w.:/-])\d+(?:\.\d+)?(?:ms|[smhd])(?:\d+(?:\.\d+)?(?:ms|[smhd]))*(?![\w-])/g, '#'],
  [/(?<![\w.:/-])(?<!\brev(?:ision)? )\d[\d,]*(?:\.\d+)?(?:%|[KMGT]i?B)?(?![\w/-]|\.\d)/g, '#'],
  [/# [KMGT]i?B(?!\w)/g, '#'],
  [/# (?:milliseconds?|ms|seconds?|s|minutes?|min|hours?|h|days?|d)(?!\w)/g, '# t'],
  [/\b(?:is|are)\b/g, 'be'],
  [/\b(?:has|have)\b/g, 'have'],
  [/\bruns?\b/g, 'run'],
  // One agent, two agents.
  [/(?<=# )(\w+?)s\b/g, '$1'],
  [/(?<=# \w+ )(\w{3,}?)s\b/g, '$1'],
];

/** The text without what moves by itself. */
export function steady(text: string): string {
  return MOVING.reduce((left, [moving, instead]) => left.replace(moving, instead), text);
}

export type Difference = { readonly added: readonly Item[]; readonly gone: readonly Item[] };

/**
 * What `after` says that `before` did not, and what it does not say any more. What could not be read is not gone: it is
 * carried over into `now`, which is what the next one is compared with. Of a look that was partial the table and the
 * facts say what is configured, or nothing: they are as they were.
 */
export function differenceOf(
  before: readonly Item[],
  after: Signature,
): Difference & { readonly now: readonly Item[] } {
  const items = after.items.filter((each) => !after.partial || !isState(each));
  const [keysBefore, keysAfter] = [keysOf(before), keysOf(items)];
  // Where no state is known yet, the first is no change.
  const knowsState = before.some(isState);
  const added = items.filter((each) => !keysBefore.has(each.key) && (knowsState || !isState(each)));
  const missing = before.filter(({ key }) => !keysAfter.has(key));
  const gone = missing.filter((each) => !after.partial || isOutcome(each));
  const carried = missing.filter((each) => !gone.includes(each));
  return { added, gone, now: [...items, ...carried].slice(0, MAX_ITEMS) };
}

function keysOf(items: readonly Item[]): ReadonlySet<string> {
  return new Set(items.map(({ key }) => key));
}

function isState({ key }: Item): boolean {
  return key.startsWith('row ') || key.startsWith('fact ');
}

function isOutcome({ key }: Item): boolean {
  return key.startsWith(`${OUTCOME} `);
}
