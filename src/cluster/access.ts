import pMap from 'p-map';
import { z } from 'zod';
import type { AccessQuestion } from '../core/ports/ports.ts';
import { askedFor, type From } from './asked.ts';
import type { Api } from './http.ts';
import { pathOf } from './resource-path.ts';

const AT_ONCE = 5;
const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' };
const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

/** May the bot do these things? One SelfSubjectAccessReview each, answers in the order of the questions. */
export function reviewAccess(
  deps: { readonly api: Api; readonly from: From },
  questions: readonly AccessQuestion[],
  signal: AbortSignal,
): Promise<boolean[]> {
  return pMap(questions, (question) => review(deps, question, signal), { concurrency: AT_ONCE });
}

async function review(
  { api, from }: { readonly api: Api; readonly from: From },
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  const { verb, resource, subresource, namespace, name } = question;
  const resourceAttributes = { verb, group: resource.group, resource: resource.plural, subresource, namespace, name };
  const answer = await api.json(
    {
      method: 'POST',
      path: pathOf(REVIEWS, {}),
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      },
      asked: askedFor(from, 'create', REVIEWS, {}),
      safe: true,
    },
    Review,
    signal,
  );
  return answer.status.allowed;
}
