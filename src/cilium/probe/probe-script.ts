/**
 * The program of a probe pod, and what it prints. One pod per node serves, one per node asks: a shell loop in the
 * agnhost image (it has sh and curl) that asks every target once a second how it sees the asker.
 *
 * Output, one line per question:
 *   <unix ms> <target> ok <client address>
 *   <unix ms> <target> fail
 *
 * The time is that of the question. Clocks of pods agree to a tenth of a second or so, clocks of nodes as well as
 * their NTP; durations within one pod are exact to 10 ms, because they come from the kernel's uptime (the shell's
 * `date` has no milliseconds).
 */
export const PROBE_IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
export const PROBE_PORT = 8080;
/** Answers `/clientip` with the address and port that the request came from. */
export const SERVER_ARGS: readonly string[] = ['netexec', `--http-port=${PROBE_PORT}`];
/** `node2=10.0.2.9 node3=10.0.0.7` */
export const TARGETS_VARIABLE = 'PROBE_TARGETS';
/** One question per target and second; one that has no answer within a second has failed. */
export const PROBE_INTERVAL_MS = 1_000;

export const CLIENT_SCRIPT = `
uptime_ms() { read -r up rest < /proc/uptime; up=$(( \${up%.*}\${up#*.} * 10 )); }
second=$(date +%s)
while [ "$(date +%s)" = "$second" ]; do sleep 0.05; done
uptime_ms
offset=$(( $(date +%s) * 1000 - up ))
probe() {
  uptime_ms
  at=$(( offset + up ))
  if client=$(curl -s -f -m 1 "http://$2:${PROBE_PORT}/clientip"); then echo "$at $1 ok \${client%:*}"; else echo "$at $1 fail"; fi
}
while :; do
  for target in $${TARGETS_VARIABLE}; do probe "\${target%%=*}" "\${target#*=}" & done
  sleep 1
  wait
done
`;

export type ProbeTarget = { readonly name: string; readonly address: string };

/** Targets are named after nodes, which have no spaces and no `=`. */
export function targetsVariable(targets: readonly ProbeTarget[]): string {
  return targets.map(({ name, address }) => `${name}=${address}`).join(' ');
}

/** One answer, or the lack of it. `atMs` is unix time in ms. */
export type Probed = { readonly atMs: number; readonly target: string; readonly client: string | undefined };

const LINE = /^(\d{13}) (\S+) (?:ok (\S+)|fail)$/;

/** Lines that are cut short or foreign are left out: a log may begin and end in the middle of one. */
export function parseProbeLog(log: string): readonly Probed[] {
  return log.split('\n').flatMap((line) => {
    const match = LINE.exec(line.trim());
    if (match === null) return [];
    const [, at = '', target = '', client] = match;
    return [{ atMs: Number(at), target, client: client === undefined ? undefined : plainAddress(client) }];
  });
}

/** `[fd00::1]` without its brackets, `::ffff:10.0.1.7` as IPv4. */
function plainAddress(client: string): string {
  return client.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '');
}

/** Whom a node asks: everybody while there are few, else some near and some far neighbours in the list. */
export function peersOf<Node>(
  nodes: readonly Node[],
  index: number,
  limits: ProbeLimits = PROBE_LIMITS,
): readonly Node[] {
  const others = nodes.length - 1;
  if (nodes.length <= limits.everyPairUpTo) return nodes.filter((_, at) => at !== index);
  const wanted = Math.min(limits.peers, others);
  const steps = Array.from({ length: wanted }, (_, at) => 1 + Math.floor((at * others) / wanted));
  return steps.flatMap((step) => nodes[(index + step) % nodes.length] ?? []);
}

export type ProbeLimits = { readonly everyPairUpTo: number; readonly peers: number };
export const PROBE_LIMITS: ProbeLimits = { everyPairUpTo: 20, peers: 4 };
