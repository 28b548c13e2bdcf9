/** The cancel push needs streams as Redis has them since 6.2 (BullMQ's Relay refuses older ones); every Valkey has them. */
export const OLDEST_REDIS = '6.2';

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}
