import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { OpsError } from '../core/errors.ts';

/** Slack's refusals that mean "not here": the bot has to be invited, or the channel is gone. */
const NOT_HERE = new Set(['not_in_channel', 'channel_not_found', 'is_archived', 'restricted_action']);
/** What was to be edited or answered does not exist any more, or may not be touched any more. */
const GONE = new Set([
  'message_not_found',
  'thread_not_found',
  'cannot_reply_to_message',
  'edit_window_closed',
  'cant_update_message',
]);
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
  if (GONE.has(code)) {
    return new OpsError('MessageGone', `Slack has no place for ${what} any more (${code})`, { cause: thrown });
  }
  return new OpsError('SlackRefused', `Slack refused ${what} (${code})`, {
    nextStep: 'look for a missing scope or a revoked token',
    cause: thrown,
  });
}

/**
 * The same for files: what Slack refuses for good is UploadRefused, whose message is shown in the thread, and the
 * thread then has to do without the file.
 */
export function fromUpload(thrown: unknown, name: string): OpsError {
  const error = fromSlack(thrown, name);
  if (error.code !== 'SlackRefused') return error;
  const code = platformCode(thrown) ?? '';
  const why = UPLOAD_PROBLEMS[code] ?? `Slack refused the file (${code})`;
  return new OpsError('UploadRefused', why, { cause: thrown });
}

const UPLOAD_PROBLEMS: Readonly<Record<string, string>> = {
  file_uploads_disabled: 'file uploads are disabled in this workspace',
  missing_scope: 'the bot lacks the scope files:write',
};

/** Slack's own error word (`invalid_blocks`, `not_in_channel`), when Slack answered at all. */
export function platformCode(thrown: unknown): string | undefined {
  return thrown instanceof WebAPIPlatformError ? thrown.data.error : undefined;
}
