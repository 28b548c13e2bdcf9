/** Names and uids of synthesised objects: the same number always gives the same one. */
import { createHash } from 'node:crypto';

export function hashOf(text: string, length: number): string {
  return createHash('sha1').update(text).digest('hex').slice(0, length);
}

/** Five characters that differ for every number below 2^25 and look random: a multiplicative hash, far cheaper than SHA. */
export function suffixOf(number: number): string {
  const mixed = Math.imul(number, 0x9e_37_79_b1) & 0x1_ff_ff_ff;
  return mixed.toString(32).padStart(5, '0');
}

export function uidOf(text: string): string {
  const hex = hashOf(text, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20).padEnd(12, '0')].join(
    '-',
  );
}
