import pino from 'pino';
import type { Log } from './core/ports.ts';

const TOKEN = /\b(xox[abeprs]-|xapp-)[\w-]+|(Bearer\s+)[\w.~+/=-]+/g;
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

/**
 * JSON lines on stderr, so that stdout stays free for results. Tokens are cut out of every string, and errors are
 * reduced to what they say: drivers attach whole scripts and payloads to theirs.
 */
export function createLog(level: string, role: string): Log {
  const logger = pino(
    {
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...SECRET_KEYS, ...SECRET_KEYS.map((key) => `*.${key}`)], censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError },
      hooks: {
        streamWrite: (line) =>
          line.replace(TOKEN, (_, slack?: string, bearer?: string) => `${slack ?? bearer ?? ''}[redacted]`),
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function plainError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return { message: String(thrown).slice(0, 500) };
  const code = 'code' in thrown ? { code: String(thrown.code) } : {};
  const cause = thrown.cause === undefined ? {} : { cause: plainError(thrown.cause) };
  return {
    name: thrown.name,
    ...code,
    message: thrown.message.slice(0, 500),
    stack: thrown.stack?.slice(0, 2_000),
    ...cause,
  };
}
