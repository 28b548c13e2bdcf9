import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { OpsError } from '../core/errors.ts';

/** Slack's refusals that mean "not here": the bot has to be invited, or the channel is gone. */
const NOT_HERE = new Set(['not_in_channel', 'channel_not_found', 'is_archived', 'restricted_action']);
const BROKEN = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

/** The one place that knows Slack's errors. `what` completes "Slack did not take …". */
export function fromSlack(thrown: unknown, what: string): OpsError {
  if (thrown instanceof WebAPIRateLimitedError) {
    return new OpsError('SlackRateLimited', `Slack asks to wait ${thrown.retryAfter} s`, {
      cause: thrown,
      retryAfterMs: thrown.retryAfter * 1_000,
    });
  }
  const code = platformCode(thrown);
  if (code === undefined || BROKEN.has(code)) {
    return new OpsError('SlackUnavailable', `Slack did not take ${what}`, { cause: thrown });
  }
  if (NOT_HERE.has(code)) {
    return new OpsError('NotInChannel', `I cannot write in this channel (${code})`, {
      nextStep: 'Invite me with /invite @cilium, then run the command again',
      cause: thrown,
    });
  }
  return new OpsError('SlackRefused', `Slack refused ${what} (${code})`, {
    nextStep: 'look for a missing scope or a revoked token',
    cause: thrown,
  });
}

/** Slack's own error word (`invalid_blocks`, `not_in_channel`), when Slack answered at all. */
export function platformCode(thrown: unknown): string | undefined {
  return thrown instanceof WebAPIPlatformError ? thrown.data.error : undefined;
}
