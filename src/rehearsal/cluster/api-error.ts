/** Kubernetes Status failures, worded as recorded on a real cluster (Kubernetes 1.36). */
import type { ResourceType } from './resources.ts';

type StatusCause = { readonly reason?: string; readonly message?: string; readonly field?: string };

type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
};

export type Status = {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
};

/** Thrown anywhere below the router; the router turns it into the HTTP answer. */
export class ApiError extends Error {
  readonly status: Status;
  readonly code: number;

  constructor(code: number, reason: string, message: string, rest: Partial<Pick<Status, 'details' | 'metadata'>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    const { metadata = {}, details } = rest;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata,
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** An answer that is not a Status: the plain-text ones of the mux and of the kubelet. */
export class PlainTextError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'PlainTextError';
    this.code = code;
  }
}

/** `pods`, `daemonsets.apps`: how messages name a resource. */
function qualifiedName(type: Pick<ResourceType, 'group' | 'resource'>): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`;
}

function detailsOf(type: Pick<ResourceType, 'group' | 'resource'>, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(type.group === '' ? {} : { group: type.group }), kind: type.resource };
}

export function notFound(type: Pick<ResourceType, 'group' | 'resource'>, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualifiedName(type)} "${name}" not found`, {
    details: detailsOf(type, name),
  });
}

export function alreadyExists(type: Pick<ResourceType, 'group' | 'resource'>, name: string): ApiError {
  const message = `${qualifiedName(type)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, { details: detailsOf(type, name) });
}

export function conflict(type: Pick<ResourceType, 'group' | 'resource'>, name: string): ApiError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  const message = `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, { details: detailsOf(type, name) });
}

/** Forbidden with a reason given by the caller: pods/exec without "create" has an empty one. */
export function forbidden(type: Pick<ResourceType, 'group' | 'resource'>, name: string, why: string): ApiError {
  const subject = name === '' ? qualifiedName(type) : `${qualifiedName(type)} "${name}"`;
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${why}`, { details: detailsOf(type, name) });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

export function unknownResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', message, { details: {} });
}

export function unsupportedMediaType(): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
}

export function notAcceptable(): ApiError {
  const offers = [
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/json;stream=watch',
    'application/vnd.kubernetes.protobuf;stream=watch',
  ].join(', ');
  const message = `406: Not Acceptable\n\nAvailable representations: ${offers}`;
  return new ApiError(406, 'NotAcceptable', message, { details: {} });
}

export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError(
    410,
    'Expired',
    message,
    continueToken === undefined ? {} : { metadata: { continue: continueToken } },
  );
}
