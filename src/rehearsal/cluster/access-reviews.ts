/** Reviews: questions about access and identity that are answered, not stored. */
import { badRequest } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { type Answer, type Json, json } from './http-answer.ts';
import { recordAt, stringsAt, textAt } from './kube-object.ts';
import type { Attributes } from './rbac.ts';
import type { UserInfo } from './users.ts';

type Review = (call: ResourceCall, body: unknown) => Json;

function attributesOf(user: UserInfo, spec: unknown): Attributes {
  const resource = recordAt(spec, 'resourceAttributes');
  const path = recordAt(spec, 'nonResourceAttributes');
  if (Object.keys(resource).length > 0) {
    return {
      user,
      verb: textAt(resource, 'verb'),
      group: textAt(resource, 'group'),
      resource: textAt(resource, 'resource'),
      subresource: textAt(resource, 'subresource'),
      namespace: textAt(resource, 'namespace'),
      name: textAt(resource, 'name'),
    };
  }
  if (Object.keys(path).length > 0) return { user, verb: textAt(path, 'verb'), path: textAt(path, 'path') };
  throw badRequest('spec: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified');
}

function verdict(call: ResourceCall, user: UserInfo, spec: unknown): Json {
  const { allowed, reason } = call.cluster.authorizer.authorize(attributesOf(user, spec));
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function reviewOf(call: ResourceCall, spec: unknown, status: Json): Json {
  const { kind, apiVersion } = call.type;
  return { kind, apiVersion, metadata: {}, spec, status };
}

function selfSubjectAccess(call: ResourceCall, body: unknown): Json {
  const spec = recordAt(body, 'spec');
  return reviewOf(call, spec, verdict(call, call.user, spec));
}

function subjectAccess(call: ResourceCall, body: unknown): Json {
  const spec = recordAt(body, 'spec');
  const user = { username: textAt(spec, 'user'), groups: stringsAt(spec, 'groups') };
  return reviewOf(call, spec, verdict(call, user, spec));
}

const MASTER_RULES = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};

function selfSubjectRules(call: ResourceCall, body: unknown): Json {
  const { cluster, user } = call;
  const rules = cluster.authorizer.grantsOf(user, textAt(body, 'spec', 'namespace')).map(({ rule }) => rule);
  const isMaster = user.groups.includes('system:masters');
  const resourceRules = [
    ...(isMaster ? MASTER_RULES.resourceRules : []),
    ...rules.filter((rule) => stringsAt(rule, 'resources').length > 0),
  ];
  const nonResourceRules = [
    ...(isMaster ? MASTER_RULES.nonResourceRules : []),
    ...rules.filter((rule) => stringsAt(rule, 'nonResourceURLs').length > 0),
  ];
  return reviewOf(call, {}, { resourceRules, nonResourceRules, incomplete: false });
}

function selfSubject(call: ResourceCall): Json {
  const { kind, apiVersion } = call.type;
  const creationTimestamp = `${call.cluster.now().toISOString().slice(0, 19)}Z`;
  return { kind, apiVersion, metadata: { creationTimestamp }, status: { userInfo: call.user } };
}

function token(call: ResourceCall, body: unknown): Json {
  const spec = recordAt(body, 'spec');
  const user = call.cluster.authentication.userOfToken(textAt(spec, 'token'));
  const status = user === undefined ? { user: {}, error: 'invalid bearer token' } : { authenticated: true, user };
  return reviewOf(call, spec, status);
}

const REVIEWS: Readonly<Record<string, Review>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccess,
  'authorization.k8s.io/selfsubjectrulesreviews': selfSubjectRules,
  'authorization.k8s.io/subjectaccessreviews': subjectAccess,
  'authorization.k8s.io/localsubjectaccessreviews': subjectAccess,
  'authentication.k8s.io/selfsubjectreviews': selfSubject,
  'authentication.k8s.io/tokenreviews': token,
};

export function isReview(call: ResourceCall): boolean {
  return call.type.storage in REVIEWS;
}

export function answerReview(call: ResourceCall, body: unknown): Answer {
  const review = REVIEWS[call.type.storage];
  if (review === undefined) throw badRequest(`${call.type.resource} is not a review`);
  return json(review(call, body), 201);
}
