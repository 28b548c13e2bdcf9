import pino from 'pino';
import type { Log } from '../core/ports/ports.ts';
import { withoutSecrets } from '../core/secrets.ts';

const SECRET_KEYS = [
  'token',
  'botToken',
  'appToken',
  'signingSecret',
  'password',
  'authorization',
  'responseUrl',
  'response_url',
];
/** An error's causes are followed so far; some point at themselves. */
const MAX_CAUSES = 5;

/**
 * JSON lines on stderr, so that stdout stays free for results. Tokens are cut out of every string, and errors are
 * reduced to what they say: drivers attach whole scripts and payloads to theirs. `write` gets the lines in place of
 * stderr.
 */
export function createLog(level: string, role: string, write?: (line: string) => void): Log {
  const logger = pino(
    {
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...SECRET_KEYS, ...SECRET_KEYS.map((key) => `*.${key}`)], censor: '[redacted]' },
      // Under whatever name a field carries it, an error is never written as the object it is.
      formatters: { level: (label) => ({ level: label }), log: withPlainErrors },
      serializers: { err: (thrown: unknown) => thrown },
      hooks: { streamWrite: withoutSecrets },
    },
    write === undefined ? pino.destination({ dest: 2, sync: true }) : { write },
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function withPlainErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      name === 'err' || value instanceof Error ? plainError(value, MAX_CAUSES) : value,
    ]),
  );
}

function plainError(thrown: unknown, depth: number): unknown {
  if (!(thrown instanceof Error)) return { message: String(thrown).slice(0, 500) };
  const code = 'code' in thrown ? { code: String(thrown.code) } : {};
  const cause = thrown.cause === undefined || depth === 0 ? {} : { cause: plainError(thrown.cause, depth - 1) };
  // Several failures at once, as at a shutdown that was not clean.
  const errors =
    thrown instanceof AggregateError && depth > 0
      ? { errors: thrown.errors.slice(0, 10).map((each) => plainError(each, depth - 1)) }
      : {};
  return {
    name: thrown.name,
    ...code,
    message: thrown.message.slice(0, 500),
    stack: thrown.stack?.slice(0, 2_000),
    ...cause,
    ...errors,
  };
}
