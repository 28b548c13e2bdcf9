import { blocks as isBlocking } from '../core/run/check.ts';
import type { Plan } from '../core/run/plan.ts';
import { terminalText } from './escape.ts';
import { plural } from './numbers.ts';

/** The approval card for a terminal: the same facts in the same order, and the digest to agree to. */
export function renderPlanText(cluster: string, plan: Plan, digest: string): string {
  const { checks } = plan;
  const unchanged = plan.words?.unchanged ?? 'Changes no settings';
  const passed = checks.filter((check) => check.verdict === 'pass').length;
  const others = checks.filter((check) => check.verdict !== 'pass');
  return [
    `${cluster}: ${plan.title}`,
    ...plan.effect.map((line, at) => `${at === 0 ? 'Effect: ' : '        '}${line}`),
    plan.changes.length === 0 ? unchanged : `Changes ${plural(plan.changes.length, 'setting')}:`,
    ...plan.changes.map(({ key, from, to }) => `  ${key}  ${from} → ${to}`),
    `${plan.words?.checks ?? 'Preflight'}: ${passed} of ${checks.length} pass`,
    ...others.map((check) => {
      const accepted = check.accepted === undefined ? '' : ` (accepted: ${check.accepted.reason})`;
      return `  ${isBlocking(check) ? 'blocks' : check.verdict}: ${check.title} · ${check.evidence}${accepted}`;
    }),
    `Way back: ${plan.wayBack}`,
    `Plan: ${digest}`,
  ]
    .map(terminalText)
    .join('\n');
}
