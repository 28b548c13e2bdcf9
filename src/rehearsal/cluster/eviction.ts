/** `pods/eviction`: DELETE that asks the PodDisruptionBudgets first; answers as recorded. */
import { ApiError, notFound } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { type Budget, budgetOf, budgetsOf } from './controllers/budgets.ts';
import { isFinished, isReady } from './controllers/pods.ts';
import { checkPreconditions, deletePod, graceOf } from './deletes.ts';
import { type Answer, json } from './http-answer.ts';
import { type KubeObject, listAt, recordAt } from './kube-object.ts';
import { isDryRun, parseBody, type WriteInput } from './writes.ts';

const EVICTED = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

function blockedBy({ name, desiredHealthy, currentHealthy }: Budget): ApiError {
  const message = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  });
}

/** Wordless on purpose: the recorded answer has no reason. */
function twoBudgets(): Answer {
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 };
  return json(status, 500);
}

/** A pod that is not Ready disrupts nothing while its budget is met otherwise. */
function allows(budget: Budget, pod: KubeObject): boolean {
  if (budget.disruptionsAllowed > 0) return true;
  return !isReady(pod) && budget.currentHealthy >= budget.desiredHealthy && budget.desiredHealthy > 0;
}

/** @throws ApiError 404, 409 (preconditions), 429 (budget) */
export function evictPod(input: WriteInput): Answer {
  const { call } = input;
  const pod = call.cluster.store.get(call.type, call.info.namespace, call.info.name);
  if (pod === undefined) throw notFound(call.type, call.info.name);
  const body = parseBody(input);
  const options = recordAt(body, 'deleteOptions');
  const budgets = isFinished(pod) ? [] : budgetsOf(call.cluster.world, pod);
  if (budgets.length > 1) return twoBudgets();
  const [only] = budgets;
  const budget = only === undefined ? undefined : budgetOf(call.cluster.world, only);
  if (budget !== undefined && !allows(budget, pod)) throw blockedBy(budget);
  checkPreconditions(call, pod, options);
  const dry = isDryRun(call) || listAt(options, 'dryRun').includes('All');
  if (!dry) deletePod(call, pod, graceOf(pod, call, options));
  return json(EVICTED, 201);
}

/** `scale` of Deployments, ReplicaSets and StatefulSets. */
function scaleOf({ metadata, spec, status }: KubeObject): Readonly<Record<string, unknown>> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = Object.entries(recordAt(spec, 'selector', 'matchLabels'));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: recordAt(spec)['replicas'] ?? 1 },
    status: {
      replicas: recordAt(status)['replicas'] ?? 0,
      selector: labels.map(([key, value]) => `${key}=${String(value)}`).join(','),
    },
  };
}

function scaled(call: ResourceCall): KubeObject {
  const found = call.cluster.store.get(call.type, call.info.namespace, call.info.name);
  if (found === undefined) throw notFound(call.type, call.info.name);
  return found;
}

export function readScale(call: ResourceCall): Answer {
  return json(scaleOf(scaled(call)));
}

/** PUT and merge patch alike: only `spec.replicas` counts. */
export function writeScale(input: WriteInput): Answer {
  const { call } = input;
  const object = scaled(call);
  const asked = JSON.parse(input.body.toString('utf8')) as unknown;
  const before = recordAt(object, 'spec');
  const replicas = recordAt(asked, 'spec')['replicas'] ?? before['replicas'];
  const metadata = { ...object.metadata, generation: (object.metadata.generation ?? 1) + 1 };
  const after = { ...object, metadata, spec: { ...before, replicas } };
  return json(
    scaleOf(isDryRun(call) || replicas === before['replicas'] ? object : call.cluster.store.put(call.type, after)),
  );
}
