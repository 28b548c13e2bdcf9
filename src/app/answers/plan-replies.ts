import { type Reply, reply } from '../../core/replies/reply.ts';
import type { Check, Verdict } from '../../core/run/check.ts';
import { Plan } from '../../core/run/plan.ts';
import type { Run } from '../../core/run/run.ts';

const LINES = 38;
const ORDER: readonly Verdict[] = ['fail', 'unknown', 'warn', 'pass'];

export function checksReply(run: Run): Reply {
  const plan = Plan.safeParse(run.plan?.plan);
  if (!plan.success || plan.data.checks.length === 0) return reply('none', `${run.request.run} has no checks to show`);
  const sorted = ORDER.flatMap((verdict) => plan.data.checks.filter((check) => check.verdict === verdict));
  const more = sorted.length - LINES;
  return reply('none', `${run.request.run}: ${sorted.length} checks`, {
    lines: [
      ...sorted.slice(0, LINES).map((check) => ({ text: lineOf(check).slice(0, 600) })),
      ...(more > 0 ? [{ text: `${more} more that passed` }] : []),
    ],
  });
}

function lineOf({ verdict, title, evidence, fix, accepted }: Check): string {
  const next = verdict === 'pass' || fix === '' ? '' : ` · ${fix}`;
  return `${verdict}: ${title} · ${evidence}${next}${accepted ? ` · accepted: ${accepted.reason}` : ''}`;
}

export function diffReply(run: Run, diff: string | undefined): Reply {
  if (diff === undefined) return reply('none', `${run.request.run} has no diff to show`);
  const lines = diff.split('\n').filter((line) => line.trim() !== '');
  const more = lines.length - LINES;
  return reply('none', `${run.request.run}: what it would change`, {
    lines: [
      ...lines.slice(0, LINES).map((line) => ({ code: line.slice(0, 300), text: '' })),
      ...(more > 0 ? [{ text: `${more} more lines: the whole diff is a file in the thread` }] : []),
    ],
  });
}
