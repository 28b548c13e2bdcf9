import { HOUR_MS, MINUTE_MS } from '../clock.ts';
import type { MaintenanceWindow } from './maintenance-window.ts';
import type { People, Rule } from './policy.ts';

/** Rules as people say them: for `config check`, for help and for the App Home. Ids stand as they are. */

/** `2 approvals by S0123456789; with a reason; within 30m`. */
export function termsWords(rule: Rule): string {
  return [
    approvalWords(rule),
    ...reasonWords(rule),
    ...(rule.approvals === 0 ? [] : [`within ${durationWords(rule.expiresAfter)}`]),
    ...windowsWords(rule),
    ...(rule.breakGlass === undefined ? [] : [`in an emergency ${peopleWords(rule.breakGlass)} alone`]),
  ].join('; ');
}

export function approvalWords(rule: Rule): string {
  if (rule.approvals === 0) return countWords(rule);
  return `${countWords(rule)} by ${peopleWords(rule.approve)}${rule.selfApproval ? ' (the own one counts)' : ''}`;
}

export function countWords({ approvals }: Rule): string {
  if (approvals === 0) return 'at once, without approval';
  return approvals === 1 ? '1 approval' : `${approvals} approvals`;
}

export function askersWords({ request }: Rule): string {
  return request === 'anyone' ? 'anyone' : peopleWords(request);
}

export function peopleWords({ users, groups }: People): string {
  const all: readonly string[] = [...groups, ...users];
  return all.length === 0 ? 'nobody' : all.join(', ');
}

export function windowWords({ days, from, to, timeZone }: MaintenanceWindow): string {
  return `${days.join(', ')} ${from}–${to} (${timeZone})`;
}

function reasonWords({ reason }: Rule): readonly string[] {
  if (reason === 'optional') return [];
  return [reason === 'required' ? 'with a reason' : `with a reason like ${reason.pattern}`];
}

function windowsWords({ windows, outsideWindows }: Rule): readonly string[] {
  if (windows === undefined) return [];
  const verb = outsideWindows === 'wait' ? 'begins' : 'may be asked for';
  return [`${verb} only ${windows.map(windowWords).join(' or ')}`];
}

function durationWords(ms: number): string {
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : `${ms / MINUTE_MS}m`;
}
