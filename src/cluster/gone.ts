import { OpsError } from '../core/errors.ts';
import { ApiFailure } from './api-status.ts';

/** The object is gone, or another one has its name by now. Not: the server does not know such objects. */
export function isGone(thrown: unknown): boolean {
  if (!(thrown instanceof OpsError) || !(thrown.cause instanceof ApiFailure)) return false;
  const { httpStatus, status } = thrown.cause;
  if (httpStatus === 404) return status?.reason === 'NotFound' && status.details.name !== undefined;
  return httpStatus === 409 && (status?.message ?? '').includes('the UID in the precondition');
}
