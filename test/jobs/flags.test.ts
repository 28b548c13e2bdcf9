import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { parseWords } from '../../src/core/grammar/grammar.ts';
import type { Job } from '../../src/core/job.ts';

/** What each flag that takes a value is given, and what must stand beside it. */
const TYPED: Readonly<Record<string, readonly string[]>> = {
  'status --nodes': ['node2'],
  'preflight --routes': ['external'],
  'preflight --cidr': ['10.0.0.0/16'],
  'preflight --accept': ['unmanaged-pods', '--reason', 'CHG-4711'],
  'enable-native-routing --routes': ['external'],
  'enable-native-routing --cidr': ['10.0.0.0/16'],
  'enable-native-routing --accept': ['unmanaged-pods', '--reason', 'CHG-4711'],
  'restart-unmanaged --namespace': ['legacy'],
  'iperf --from': ['node1', '--to', 'node2'],
  'iperf --to': ['node2', '--from', 'node1'],
  'iperf --rate': ['500', '--udp'],
};

const all: readonly Job[] = jobs;
const flags = all.flatMap((job) =>
  Object.entries(job.flags).map(([flag, spec]) => ({ name: `${job.name} --${flag}`, job, flag, spec })),
);

describe('a flag that is typed', () => {
  it.each(flags)('$name reaches the job', ({ name, job, flag, spec }) => {
    const value = spec.type === 'boolean' ? [] : (TYPED[name] ?? ['5']);

    const parsed = parseWords([...(job.words[0] ?? []), `--${flag}`, ...value], all);
    const args = parsed.type === 'command' ? job.parse(parsed.raw) : undefined;

    const argument = flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(args).toHaveProperty(argument);
  });

  it.each(all.filter(({ risk }) => risk !== 'read').map((job) => ({ name: job.name, job })))(
    '$name takes a reason: a policy may ask for one',
    ({ job }) => {
      expect(job.flags).toHaveProperty('reason');
    },
  );
});
