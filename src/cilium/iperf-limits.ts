import type { BenchLimits } from '../core/bench-limits.ts';
import { type BenchSettings, estimateSeconds, minuteWords, nodesOf } from './iperf-settings.ts';

/** Why the policy does not allow this much, or undefined: with the value, the limit and what to type instead. */
export function beyondLimits(settings: BenchSettings, limits: BenchLimits): string | undefined {
  const seconds = estimateSeconds(settings);
  const asked: readonly (readonly [string, number, number])[] = [
    ['--duration: seconds per run', settings.seconds, limits.secondsPerRun],
    ['--runs', settings.runs, limits.runs],
    ['--streams', Math.max(...settings.streams), limits.streams],
    ['--all-pairs: nodes', nodesOf(settings).length, limits.nodes],
    ['--rate: Mbit/s of UDP', settings.protocol === 'udp' ? settings.udpMbit : 0, limits.udpMbit],
  ];
  const beyond = asked.find(([, value, limit]) => value > limit);
  if (beyond !== undefined) return `${beyond[0]}: ${beyond[1]} is more than the ${beyond[2]} that the policy allows`;
  if (seconds <= limits.minutes * 60) return undefined;
  return `it would take about ${minuteWords(seconds)} min; the policy allows ${limits.minutes}: fewer runs, shorter ones, or --no-baseline`;
}
