/**
 * IPv4 networks as numbers, for questions of containment and overlap. Strict where the kernel and the agent are: no
 * leading zeros, and no host bits unless the caller strips them.
 */
export type Ipv4Network = { readonly base: number; readonly bits: number };

/** undefined for anything that is not four numbers of 0 to 255. */
export function parseIpv4(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  let number = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    number = number * 256 + Number(part);
  }
  return number;
}

/** Reads `10.0.0.0/16`, and `10.0.1.25` as a /32. Host bits are cut off: see `hasHostBits`. */
export function parseNetwork(cidr: string): Ipv4Network | undefined {
  const [address = '', length, more] = cidr.trim().split('/');
  const number = parseIpv4(address);
  if (number === undefined || more !== undefined) return undefined;
  if (length !== undefined && !/^\d{1,2}$/.test(length)) return undefined;
  const bits = length === undefined ? 32 : Number(length);
  return bits > 32 ? undefined : { base: number - (number % sizeOf(bits)), bits };
}

/** Whether `10.0.1.7/16` was written where `10.0.0.0/16` was meant: the agent refuses to start with it. */
export function hasHostBits(cidr: string): boolean {
  const network = parseNetwork(cidr);
  return network !== undefined && parseIpv4(cidr.trim().split('/')[0] ?? '') !== network.base;
}

export function formatNetwork({ base, bits }: Ipv4Network): string {
  return `${formatIpv4(base)}/${bits}`;
}

function formatIpv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

export function covers(outer: Ipv4Network, inner: Ipv4Network): boolean {
  return outer.bits <= inner.bits && inner.base - (inner.base % sizeOf(outer.bits)) === outer.base;
}

export function overlaps(left: Ipv4Network, right: Ipv4Network): boolean {
  return covers(left, right) || covers(right, left);
}

/** The smallest network that covers all of them; undefined for none. */
export function supernetOf(networks: readonly Ipv4Network[]): Ipv4Network | undefined {
  const [first, ...others] = networks;
  if (first === undefined) return undefined;
  let found = first;
  for (const other of others) {
    while (!covers(found, other)) {
      const bits = found.bits - 1;
      found = { base: found.base - (found.base % sizeOf(bits)), bits };
    }
  }
  return found;
}

/**
 * The first pair of entries whose networks overlap, in O(n log n): sorted by base, a network overlaps a later one
 * exactly when it overlaps the next that begins inside it.
 */
export function firstOverlap<Entry extends { readonly network: Ipv4Network }>(
  entries: readonly Entry[],
): readonly [Entry, Entry] | undefined {
  const sorted = entries.toSorted((a, b) => a.network.base - b.network.base || a.network.bits - b.network.bits);
  for (const [index, entry] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && covers(entry.network, next.network)) return [entry, next];
  }
  return undefined;
}

export function addressesIn(network: Ipv4Network): number {
  return sizeOf(network.bits);
}

function sizeOf(bits: number): number {
  return 2 ** (32 - bits);
}
