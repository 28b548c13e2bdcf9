import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import type { FormField } from '../../src/core/grammar/command-form.ts';
import { fieldOf, formAsked, formLine } from '../../src/core/grammar/form-line.ts';
import { parseLine } from '../../src/core/grammar/grammar.ts';
import type { Job } from '../../src/core/job.ts';
import { validateView } from '../../src/rehearsal/slack/blocks/view.ts';
import { formView } from '../../src/render/form-view.ts';

const all: readonly Job[] = jobs;
const forms = all.flatMap((job) => (job.form === undefined ? [] : [{ name: job.name, job, form: job.form }]));

function argsOf(line: string): unknown {
  const parsed = parseLine(line, all);
  if (parsed.type !== 'command') throw new Error(`not understood: ${line}`);
  return parsed.card.parse(parsed.raw);
}

/** Every way to fill in one field, as far as it can be told without knowing the command. */
function waysOf(field: FormField): readonly string[] {
  if (field.type === 'choice') return field.options.map((_, index) => String(index));
  if (field.type === 'text') return ['for the ETL window, CHG-4711'];
  return field.type === 'node' ? ['node1.example'] : [String(field.initial ?? 7), '7'];
}

/** What has to be chosen beside a field for it to make sense. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = { 'iperf rate': { udp: '2' } };

describe.each(forms)('the form of $name', ({ name, job, form }) => {
  it('opens for the command alone, and not where anything was typed behind it', () => {
    const [words = []] = job.words;

    expect(formAsked(words.join(' '), all)?.card).toBe(job);
    expect(formAsked(`${words.join(' ')} prod`, all)).toBeUndefined();
    expect(formAsked(`help ${words.join(' ')}`, all)).toBeUndefined();
  });

  it('as it stands is the command with its cluster', () => {
    const initial = form.fields.map((field) => [field.argument, waysOf(field)[0]]);
    const plain = formLine(job, form, 'prod', {});

    expect(plain).toBe(`${job.words[0]?.join(' ')} prod`);
    const untouched = initial.filter(([argument]) => fieldOf(form, argument ?? '')?.type === 'choice');
    expect(formLine(job, form, 'prod', Object.fromEntries(untouched))).toBe(plain);
  });

  it.each(form.fields.flatMap((field) => waysOf(field).map((value) => ({ argument: field.argument, value }))))(
    '$argument: $value is a line that is understood',
    ({ argument, value }) => {
      const beside = BESIDE[`${name} ${argument}`] ?? {};

      const line = formLine(job, form, 'prod', { ...beside, [argument]: value });

      expect(argsOf(line)).toMatchObject({ cluster: 'prod' });
      expect(line.length).toBeLessThanOrEqual(200);
    },
  );

  it.each([
    {
      when: 'one cluster, nodes known',
      clusters: ['prod'],
      cluster: 'prod',
      nodes: { count: 300, asOf: '2026-11-23T00:00:00Z' },
    },
    { when: 'one cluster, nothing known', clusters: ['prod'], cluster: 'prod', nodes: undefined },
    {
      when: 'fifty clusters, none chosen',
      clusters: Array.from({ length: 50 }, (_, at) => `c${at}`),
      cluster: undefined,
      nodes: undefined,
    },
  ])('is a modal that Slack takes: $when', ({ clusters, cluster, nodes }) => {
    const view = formView({ form, callbackId: 'x', metadata: '{}', clusters, cluster, nodes });

    expect(validateView({ ...view }, 'modal')).toEqual([]);
  });
});

it('what is typed into a field stays one word of the line, whatever it is', () => {
  const { job, form } = forms[0] ?? {};
  if (job === undefined || form === undefined) throw new Error('there is no form');

  for (const typed of ['a b', '--all-pairs', '"', "it's", '-n', 'x; rm -rf /']) {
    const parsed = parseLine(formLine(job, form, 'prod', { from: typed }), all);
    if (parsed.type === 'command') expect(parsed.raw).toEqual({ cluster: 'prod', from: typed });
    else expect(parsed.type).toBe('misunderstood');
  }
});
