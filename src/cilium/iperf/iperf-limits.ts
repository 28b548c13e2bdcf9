import type { Wrong } from '../../core/job.ts';
import type { BenchLimits } from '../../core/policy/bench-limits.ts';
import { type BenchSettings, estimateSeconds, minuteWords } from './iperf-settings.ts';

/** Why the policy does not allow this much, or undefined: the argument; its value, the limit, what to ask for instead. */
export function beyondLimits(settings: BenchSettings, limits: BenchLimits): Wrong | undefined {
  const asked: readonly (readonly [argument: string, value: number, limit: number, unit: string])[] = [
    ['duration', settings.seconds, limits.secondsPerRun, 'seconds per run'],
    ['runs', settings.runs, limits.runs, 'runs'],
    ['streams', Math.max(...settings.streams), limits.streams, 'streams'],
    ['rate', settings.protocol === 'udp' ? settings.udpMbit : 0, limits.udpMbit, 'Mbit/s of UDP'],
  ];
  const beyond = asked.find(([, value, limit]) => value > limit);
  if (beyond !== undefined) {
    const [argument, value, limit, unit] = beyond;
    return { argument, problem: `${value} ${unit} are more than the ${limit} that the policy allows` };
  }
  return tooLong(settings, limits);
}

/**
 * Every two of so many nodes, each measured as `pair` says. Counted, not listed: of 5,000 nodes it would be twelve
 * million pairs. Says what all of them would take, so that nobody has to raise the limit to find out.
 */
export function beyondNodes(nodes: number, pair: BenchSettings, limits: BenchLimits): Wrong | undefined {
  if (nodes <= limits.nodes) return undefined;
  const rounds = nodes % 2 === 0 ? nodes - 1 : nodes;
  const pairs = (nodes * (nodes - 1)) / 2;
  const cost = `${pairs} pairs in ${rounds} rounds, ${timeWords(rounds * estimateSeconds(pair))}`;
  const problem = `all pairs of ${nodes} nodes would be ${cost}; the policy allows ${limits.nodes} nodes`;
  return { argument: 'allPairs', problem };
}

function tooLong(settings: BenchSettings, limits: BenchLimits): Wrong | undefined {
  const seconds = estimateSeconds(settings);
  if (seconds <= limits.minutes * 60) return undefined;
  const instead = 'fewer runs, shorter ones, or --no-baseline';
  const problem = `it would take ${timeWords(seconds)}; the policy allows ${limits.minutes} min: ${instead}`;
  return { argument: 'runs', problem };
}

function timeWords(seconds: number): string {
  if (seconds < 3_600) return `about ${minuteWords(seconds)} min`;
  return `about ${(seconds / 3_600).toFixed(seconds < 36_000 ? 1 : 0)} h`;
}
