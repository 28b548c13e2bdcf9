import { routingPhrase } from '../../src/cilium/facts/datapath.ts';
import { parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { listed } from '../../src/cilium/facts/text.ts';
import { versionOfImage } from '../../src/cilium/facts/versions.ts';
import { BenchNode } from '../../src/cilium/iperf/iperf-nodes.ts';
import { type BenchSettings, nodesOf } from '../../src/cilium/iperf/iperf-settings.ts';
import type { JobContext } from '../../src/core/job.ts';
import { NODES } from '../../src/core/resources.ts';
import { askAgents } from '../reading/agents.ts';
import { BODIES_PER_PAGE, collect, type Reading } from '../reading/reading.ts';
import { surveyAgents } from '../reading/verification-facts.ts';

type Asking = Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal'>;

export async function readBenchNodes({ cluster, signal }: Pick<Asking, 'cluster' | 'signal'>) {
  const query = { as: 'objects', pageSize: BODIES_PER_PAGE } as const;
  const nodes = await collect({ cluster, signal }, NODES, query, (page) => parseAll(BenchNode, page));
  return [...nodes].sort((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
}

/**
 * What the numbers depend on, as the agents of these nodes run it, not as the ConfigMap wishes. What cannot be read is
 * left out: a comparison then says "not known".
 */
export async function conditionsOf(
  { cluster, clock, log, signal }: Asking,
  settings: BenchSettings,
): Promise<Readonly<Record<string, string>>> {
  const nodes = nodesOf(settings);
  const reading: Reading = { cluster, log, cancel: signal, signal, now: clock.now, miss: () => undefined };
  const [survey, all] = await Promise.all([surveyAgents(reading), readBenchNodes({ cluster, signal })]);
  const asked = survey && (await askAgents(reading, { ...survey, chosen: new Set(nodes), onAnswer: () => undefined }));
  const agents = asked?.filter(({ node }) => nodes.includes(node)) ?? [];
  const views = agents.flatMap(({ answer }) => (answer.state === 'answered' ? [answer.view] : []));
  const kernels = all.flatMap(({ name, kernel }) => (nodes.includes(name) ? [kernel] : []));
  const facts: Readonly<Record<string, readonly string[]>> = {
    routing: views.map(({ datapath }) => routingPhrase(datapath.routing)),
    'host routing': views.map(({ datapath }) => datapath.hostRouting),
    encryption: views.map(({ datapath }) => datapath.encryption),
    Cilium: agents.flatMap(({ image }) => versionOfImage(image)?.text ?? []),
    kernel: kernels,
    'seconds per run': [String(settings.seconds)],
    ...(settings.protocol === 'udp' ? { 'UDP rate': [`${settings.udpMbit} Mbit/s`] } : {}),
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, values]) => {
      const words = listed([...new Set(values)].filter((value) => value !== '').sort(), 4);
      return words === '' ? [] : [[name, words]];
    }),
  );
}
