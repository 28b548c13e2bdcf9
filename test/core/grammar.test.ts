import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { answers } from '../../src/app/answers/registry.ts';
import type { CommandCard } from '../../src/core/grammar/command-card.ts';
import { parseLine } from '../../src/core/grammar/grammar.ts';
import { withCluster } from '../../src/core/grammar/retry-line.ts';
import { splitWords } from '../../src/core/grammar/words.ts';

function card(more: Partial<CommandCard> & Pick<CommandCard, 'name' | 'words'>): CommandCard {
  return {
    summary: 'does it',
    usage: '[cluster]',
    examples: [more.words[0]?.join(' ') ?? more.name],
    risk: 'read',
    deadlineMs: 1_000,
    positionals: ['cluster'],
    flags: {},
    ...more,
  };
}

const CARDS = [
  card({ name: 'status', words: [['status']], flags: { nodes: { type: 'list', help: '' } } }),
  card({
    name: 'enable-native-routing',
    words: [
      ['enable', 'native-routing'],
      ['enable', 'native', 'routing'],
    ],
    flags: {
      'max-unavailable': { type: 'string', help: '' },
      bench: { type: 'boolean', help: '' },
      reason: { type: 'string', help: '' },
    },
  }),
  card({
    name: 'restart-unmanaged',
    words: [
      ['restart', 'unmanaged'],
      ['restart', 'unmanaged', 'pods'],
    ],
    flags: { namespace: { type: 'string', short: 'n', help: '' }, 'include-bare': { type: 'boolean', help: '' } },
  }),
];

function parsed(line: string): unknown {
  const found = parseLine(line, CARDS);
  if (found.type === 'command') return { command: found.card.name, ...found.raw };
  if (found.type === 'help') return { help: found.card?.name ?? 'all' };
  return { problem: found.problem, suggestion: found.suggestion };
}

describe('what is understood', () => {
  it.each([
    { line: 'status', want: { command: 'status' } },
    { line: 'STATUS prod', want: { command: 'status', cluster: 'prod' } },
    { line: 'status prod --nodes a,b', want: { command: 'status', cluster: 'prod', nodes: ['a', 'b'] } },
    { line: 'status --nodes=a,,b --nodes c', want: { command: 'status', nodes: ['a', 'b', 'c'] } },
    { line: 'status —nodes all prod', want: { command: 'status', cluster: 'prod', nodes: ['all'] } },
    { line: 'enable native routing', want: { command: 'enable-native-routing' } },
    { line: 'Enable Native-Routing prod', want: { command: 'enable-native-routing', cluster: 'prod' } },
    { line: 'enable native-routing --bench', want: { command: 'enable-native-routing', bench: true } },
    {
      line: 'enable native-routing prod —max-unavailable=100% —reason “CHG 4711”',
      want: { command: 'enable-native-routing', cluster: 'prod', maxUnavailable: '100%', reason: 'CHG 4711' },
    },
    { line: 'restart unmanaged pods', want: { command: 'restart-unmanaged' } },
    { line: 'restart unmanaged pods prod', want: { command: 'restart-unmanaged', cluster: 'prod' } },
    { line: 'restart unmanaged -n legacy', want: { command: 'restart-unmanaged', namespace: 'legacy' } },
    { line: 'restart unmanaged –n legacy', want: { command: 'restart-unmanaged', namespace: 'legacy' } },
    { line: 'status __proto__', want: { command: 'status', cluster: '__proto__' } },
    { line: 'status constructor', want: { command: 'status', cluster: 'constructor' } },
    { line: '', want: { help: 'all' } },
    { line: 'help', want: { help: 'all' } },
    { line: '?', want: { help: 'all' } },
    { line: 'help enable', want: { help: 'enable-native-routing' } },
    { line: 'help enable native routing', want: { help: 'enable-native-routing' } },
    { line: 'HELP Restart Unmanaged', want: { help: 'restart-unmanaged' } },
    { line: 'status --help', want: { help: 'status' } },
    { line: 'enable native-routing prod -h', want: { help: 'enable-native-routing' } },
  ])('$line', ({ line, want }) => expect(parsed(line)).toEqual(want));
});

describe('what is not', () => {
  it.each([
    { line: 'statsu', problem: 'there is no command "statsu"', suggestion: 'status' },
    { line: 'statsu prod', problem: 'there is no command "statsu"', suggestion: 'status prod' },
    {
      line: 'enable natve-routing prod',
      problem: '"enable" does not know "natve-routing"',
      suggestion: 'enable native-routing prod',
    },
    {
      line: 'enable natve-routing --reason "at night"',
      problem: '"enable" does not know "natve-routing"',
      suggestion: 'enable native-routing --reason "at night"',
    },
    { line: 'enable', problem: 'there is no command "enable"', suggestion: undefined },
    { line: 'status prod now', problem: '"now" is one word too many', suggestion: undefined },
    { line: 'status --node a', problem: '"status" has no flag "--node"', suggestion: 'status --nodes a' },
    { line: 'status --node=a', problem: '"status" has no flag "--node=a"', suggestion: 'status --nodes=a' },
    { line: 'status -x', problem: '"status" has no flag "-x"', suggestion: undefined },
    {
      line: 'enable native-routing --reson "at night"',
      problem: '"enable native-routing" has no flag "--reson"',
      suggestion: 'enable native-routing --reason "at night"',
    },
    { line: 'status --nodes', problem: '"--nodes" is not used as its usage says', suggestion: undefined },
    { line: 'status --nodes --nodes', problem: '"--nodes" is not used as its usage says', suggestion: undefined },
    {
      line: 'enable native-routing --bench=yes',
      problem: '"--bench=yes" is not used as its usage says',
      suggestion: undefined,
    },
    { line: 'status --__proto__', problem: '"status" has no flag "--__proto__"', suggestion: undefined },
    { line: 'status --constructor=1', problem: '"status" has no flag "--constructor=1"', suggestion: undefined },
    { line: '__proto__', problem: 'there is no command "__proto__"', suggestion: undefined },
    { line: 'constructor prod', problem: 'there is no command "constructor"', suggestion: undefined },
    { line: 'toString', problem: 'there is no command "toString"', suggestion: undefined },
    { line: 'help natve', problem: 'there is no command "natve"', suggestion: undefined },
    { line: 'help statsu', problem: 'there is no command "statsu"', suggestion: 'help status' },
    { line: 'status "prod', problem: 'a quote is opened and never closed', suggestion: undefined },
    {
      line: `status ${'x'.repeat(1_000)}`,
      problem: 'a command has at most 1000 characters, this one has 1007',
      suggestion: undefined,
    },
  ])('$line', ({ line, problem, suggestion }) => expect(parsed(line)).toEqual({ problem, suggestion }));

  it.each(['statsu prod', 'enable natve-routing prod --reason "at night"', 'status --node "a b"'])(
    'suggests for %s only what is understood',
    (line) => {
      const found = parseLine(line, CARDS);

      expect(found.type === 'misunderstood' && parseLine(found.suggestion ?? '', CARDS).type).toBe('command');
    },
  );
});

describe('cards', () => {
  const all: readonly CommandCard[] = [...jobs, ...answers];

  it.each(all.flatMap((each) => each.examples.map((example) => ({ example, name: each.name }))))(
    'the example "$example" is understood as $name',
    ({ example, name }) => {
      const found = parseLine(example, all);

      expect(found).toMatchObject({ type: 'command', card: { name } });
    },
  );

  it.each(jobs.flatMap((job) => job.examples.map((example) => ({ job, example }))))(
    'the job takes the arguments of "$example"',
    ({ job, example }) => {
      const found = parseLine(example, jobs);

      expect(() => job.parse(found.type === 'command' ? found.raw : undefined)).not.toThrow();
    },
  );

  it('gives no spelling to two of them', () => {
    const spellings = all.flatMap((each) => each.words.map((words) => words.join(' ')));

    expect(new Set(spellings).size).toBe(spellings.length);
  });
});

describe('withCluster', () => {
  it.each([
    { line: 'status', instead: undefined, want: 'status prod' },
    { line: 'status --nodes all', instead: undefined, want: 'status prod --nodes all' },
    { line: 'restart   unmanaged pods', instead: undefined, want: 'restart unmanaged pods prod' },
    { line: 'status us', instead: 'us', want: 'status prod' },
    { line: 'status --nodes us us', instead: 'us', want: 'status --nodes us prod' },
    {
      line: 'enable native-routing pro --reason "at night"',
      instead: 'pro',
      want: 'enable native-routing prod --reason "at night"',
    },
    { line: 'nonsense', instead: undefined, want: undefined },
  ])('makes $want of $line', ({ line, instead, want }) => {
    const split = splitWords(line);

    expect(withCluster(split.ok ? split.words : [], CARDS, 'prod', instead)).toBe(want);
  });
});
