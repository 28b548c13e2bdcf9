import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** An id in Slack's alphabet, for example `F0K3XQ81Z4T`. */
export function newId(prefix: string, length = 10): string {
  let id = prefix;
  for (const byte of randomBytes(length)) id += ALPHABET[byte % ALPHABET.length];
  return id;
}

export function newSecret(bytes = 12): string {
  return randomBytes(bytes).toString('hex');
}

export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A message timestamp (`1760000000.000200`), unique and rising within this workspace. */
  readonly nextTs: () => string;
};

export function createClock(now: () => number = Date.now): Clock {
  let lastMicros = 0;
  return {
    now,
    nextTs() {
      lastMicros = Math.max(lastMicros + 100, Math.floor(now()) * 1_000);
      const seconds = Math.floor(lastMicros / 1_000_000);
      return `${seconds}.${String(lastMicros % 1_000_000).padStart(6, '0')}`;
    },
  };
}
