import type { Log } from './ports/ports.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The same log with these fields in every line: what a run says is found by its run id. A line's own fields win. */
export function withFields(log: Log, bound: Fields): Log {
  return {
    debug: (fields, message) => log.debug({ ...bound, ...fields }, message),
    info: (fields, message) => log.info({ ...bound, ...fields }, message),
    warn: (fields, message) => log.warn({ ...bound, ...fields }, message),
    error: (fields, message) => log.error({ ...bound, ...fields }, message),
  };
}
