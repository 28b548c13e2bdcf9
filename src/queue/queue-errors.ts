import { within } from '../core/deadline.ts';
import { OpsError } from '../core/errors.ts';
import { quietError } from '../core/quiet-error.ts';

const DEADLINE_MS = 1_000;

/**
 * One call of a producer. Every failure of BullMQ or its driver becomes QueueUnavailable, and so does an answer that
 * takes longer than a second; the call may still have had its effect, and may be repeated.
 * @throws OpsError QueueUnavailable
 */
export async function answered<T>(what: string, work: () => Promise<T>): Promise<T> {
  return within(DEADLINE_MS, work()).catch((thrown: unknown) => {
    throw new OpsError('QueueUnavailable', `the queue did not ${what}`, {
      nextStep: 'try again in a moment; if it stays so, check that the store at STATE_URL runs',
      cause: quietError(thrown),
    });
  });
}
