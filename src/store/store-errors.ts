import { within } from '../core/deadline.ts';
import { OpsError } from '../core/errors.ts';
import { quietError } from '../core/quiet-error.ts';

const DEADLINE_MS = 1_000;

/**
 * One call to the store. Every failure of the driver becomes StoreUnavailable, and so does an answer that takes longer
 * than a second. A write that failed this way may still have happened: an append finds out at the next try.
 * @throws OpsError StoreUnavailable; an OpsError of `work` passes
 */
export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  return within(DEADLINE_MS, work()).catch((thrown: unknown) => {
    if (thrown instanceof OpsError) throw thrown;
    throw new OpsError('StoreUnavailable', `the state store did not ${what}`, {
      nextStep: 'try again in a moment; if it stays so, check that the store at STATE_URL runs',
      cause: quietError(thrown),
    });
  });
}
