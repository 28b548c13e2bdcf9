import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../../src/core/meter.ts';

const Rule = z.strictObject({
  alert: z.string().regex(/^CiliumChatops[A-Z]\w+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+m$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string().max(160) }),
});
const Rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule) })) });

const LABELS = new Map<string, readonly string[]>([
  ...Object.entries(METRICS).map(([name, { labels }]) => [name, labels] as const),
  ['build_info', ['version', 'role', 'node']],
]);

const text = await readFile(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url), 'utf8');
const rules = Rules.parse(parse(text)).groups.flatMap((group) => group.rules);

describe('the alerts', () => {
  it.each(rules.map(({ alert, expr, annotations }) => ({ alert, expr, annotations })))(
    '$alert asks for metrics and labels that there are',
    ({ expr, annotations }) => {
      const asked = [...expr.matchAll(/cilium_chatops_(\w+?)(?:_bucket)?(?:\{([^}]*)\}|(?=[^\w{]))/g)];
      expect(asked.length).toBeGreaterThan(0);
      for (const [, name = '', selector = ''] of asked) {
        const labels = LABELS.get(name);
        expect(labels, name).toBeDefined();
        for (const [, label = ''] of selector.matchAll(/(\w+)\s*=~?"/g)) expect(labels, name).toContain(label);
      }
      // What the words name is left after the sums.
      const kept = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
      for (const [, label = ''] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) expect(kept).toContain(label);
      for (const label of kept.filter((each) => each !== 'le')) expect([...LABELS.values()].flat()).toContain(label);
    },
  );

  it('have names of their own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});
