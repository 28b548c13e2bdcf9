/** The little validation that clients run into: object names. */
import { ApiError } from './api-error.ts';
import type { ResourceType } from './resources.ts';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const WHY =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** RBAC objects may carry colons: their names are path segments only. */
function allows(type: ResourceType, name: string): boolean {
  return type.group === 'rbac.authorization.k8s.io' ? name !== '' && !name.includes('/') : NAME.test(name);
}

/** @throws ApiError 422 */
export function validateName(type: ResourceType, name: string): void {
  if (allows(type, name)) return;
  const message = `Invalid value: "${name}": ${WHY}`;
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }];
  throw new ApiError(422, 'Invalid', `${type.kind} "${name}" is invalid: metadata.name: ${message}`, {
    details: { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.kind, causes },
  });
}
