import { z } from 'zod';
import { ObjectMeta } from '../facts/kube-objects.ts';

/** PodDisruptionBudgets as far as a restart needs them: which pods they select, and whether they can ever give way. */
const Strings = z.record(z.string(), z.string()).catch({}).default({});
const Amount = z.union([z.number(), z.string()]).optional();

const Selector = z
  .object({
    matchLabels: Strings,
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() }))
      .catch([])
      .default([]),
  })
  .nullish();

export const DisruptionBudget = z.object({
  metadata: ObjectMeta,
  spec: z.object({ selector: Selector, minAvailable: Amount, maxUnavailable: Amount }).prefault({}),
  status: z
    .object({
      disruptionsAllowed: z.number().default(0),
      currentHealthy: z.number().default(0),
      desiredHealthy: z.number().default(0),
      expectedPods: z.number().default(0),
    })
    .prefault({}),
});
export type DisruptionBudget = z.infer<typeof DisruptionBudget>;

type Labels = Readonly<Record<string, string>>;
type Expression = {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | null | undefined;
};

/** `metav1.LabelSelector`: an empty one selects every pod of its namespace (policy/v1), none at all selects none. */
export function selects({ spec }: DisruptionBudget, labels: Labels): boolean {
  const { selector } = spec;
  if (selector === undefined || selector === null) return false;
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
    selector.matchExpressions.every((expression) => holds(expression, labels[expression.key]))
  );
}

function holds({ operator, values }: Expression, value: string | undefined): boolean {
  const isListed = value !== undefined && (values ?? []).includes(value);
  if (operator === 'In') return isListed;
  if (operator === 'NotIn') return !isListed;
  return operator === 'Exists' ? value !== undefined : value === undefined;
}

/** Every pod it covers is healthy, and still none may go: waiting changes nothing, only its owner can. */
export function neverGivesWay({ status }: DisruptionBudget): boolean {
  const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = status;
  return (
    disruptionsAllowed === 0 && expectedPods > 0 && currentHealthy >= expectedPods && desiredHealthy >= expectedPods
  );
}

/** `max. 25% unavailable`, `min. 3 available`. */
export function budgetWords({ spec }: DisruptionBudget): string {
  if (spec.maxUnavailable !== undefined) return `max. ${spec.maxUnavailable} unavailable`;
  return `min. ${spec.minAvailable ?? 1} available`;
}

export function budgetName({ metadata }: DisruptionBudget): string {
  return `${metadata.namespace}/${metadata.name}`;
}
