/** Addresses of synthesised nodes: one L2 network 172.30.0.0/16, one /24 of pods each from 10.0.0.0/8. */

/** The recorded nodes have 172.30.0.11 to .13: counting starts above them. */
const FIRST_HOST = 20;
const HOSTS_PER_BLOCK = 250;

export function nodeAddress(index: number): string {
  const host = index + FIRST_HOST;
  return `172.30.${Math.floor(host / HOSTS_PER_BLOCK)}.${(host % HOSTS_PER_BLOCK) + 1}`;
}

function podNetwork(index: number): string {
  return `10.${index >> 8}.${index & 255}`;
}

export function podCidr(index: number): string {
  return `${podNetwork(index)}.0/24`;
}

/** The first address of the node's pod network is its router, the rest are handed out in turn. */
export function routerAddress(index: number): string {
  return podAddress(index, 0);
}

export function podAddress(index: number, slot: number): string {
  return `${podNetwork(index)}.${(slot % 253) + 1}`;
}
