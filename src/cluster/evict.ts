import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import type { ClusterWritePort, Eviction } from '../core/ports/change-ports.ts';
import { PODS } from '../core/resources.ts';
import { ApiFailure } from './api-status.ts';
import { askedFor, type From } from './asked.ts';
import { isGone } from './gone.ts';
import type { Api } from './http.ts';
import { pathOf } from './resource-path.ts';

type Deps = { readonly api: Api; readonly from: From };
type Version = 'policy/v1' | 'policy/v1beta1';
type Target = { readonly namespace: string; readonly name: string; readonly uid: string };

const AnyObject = z.looseObject({});

/** Evictions are `policy/v1` from Kubernetes 1.22 on; an older server says so once, and is asked in its own way then. */
export function createEvict({ api, from }: Deps): ClusterWritePort['evict'] {
  let version: Version = 'policy/v1';

  async function send({ namespace, name, uid }: Target, signal: AbortSignal): Promise<Eviction> {
    const place = { namespace, name, subresource: 'eviction' };
    const asked = askedFor(from, 'create', PODS, place);
    const metadata = { namespace, name };
    const deleteOptions = { preconditions: { uid } };
    const body = { apiVersion: version, kind: 'Eviction', metadata, deleteOptions };
    await api.json({ method: 'POST', path: pathOf(PODS, place), body, asked }, AnyObject, signal);
    return { type: 'evicted' };
  }

  return async ({ namespace, name }, uid, signal) => {
    const target = { namespace, name, uid };
    const asked = version;
    try {
      return await send(target, signal);
    } catch (thrown: unknown) {
      if (asked === 'policy/v1' && isUnknownVersion(thrown)) {
        version = 'policy/v1beta1';
        return send(target, signal).catch(answerOf);
      }
      return answerOf(thrown);
    }
  };
}

/** `no kind "Eviction" is registered for version "policy/v1"`; a 404 would be about the pod, or about the way there. */
function isUnknownVersion(thrown: unknown): boolean {
  const failure = failureOf(thrown);
  return failure?.httpStatus === 400 && /no kind "?Eviction|unrecognized/.test(failure.status?.message ?? '');
}

/** @throws what is no answer about the pod and its budgets */
function answerOf(thrown: unknown): Eviction {
  if (isGone(thrown)) return { type: 'gone' };
  const failure = failureOf(thrown);
  const cause = failure?.status?.details.causes.find(({ reason }) => reason === 'DisruptionBudget');
  if (failure !== undefined && cause !== undefined)
    return {
      type: 'blocked',
      why: cause.message,
      budget: /disruption budget (\S+)/.exec(cause.message)?.[1],
      retryAfterMs: failure.retryAfterMs,
    };
  if (thrown instanceof OpsError && thrown.code === 'Rejected') return { type: 'refused', why: thrown.message };
  throw thrown;
}

function failureOf(thrown: unknown): ApiFailure | undefined {
  return thrown instanceof OpsError && thrown.cause instanceof ApiFailure ? thrown.cause : undefined;
}
