import { type Logger, LogLevel } from '@slack/bolt';
import type { Log } from '../core/ports/ports.ts';

/** Bolt's chatter in our log: constant message, its words as a field. Payloads never reach it at these levels. */
export function boltLogger(log: Log): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...said: unknown[]) =>
      log[level]({ bolt: said.map(String).join(' ').slice(0, 500) }, 'slack');
  return {
    debug: () => undefined,
    info: line('debug'),
    warn: line('warn'),
    error: line('error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
