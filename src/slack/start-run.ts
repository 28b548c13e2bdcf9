import { keepResponseUrl } from '../app/publish/response-url.ts';
import type { SubmitDeps, Submitted } from '../app/submit.ts';

/** After the ack: whatever fails here is made up for by the sweep, so the person has not been promised too much. */
export async function startRun(
  deps: SubmitDeps,
  accepted: Extract<Submitted, { type: 'accepted' }>,
  responseUrl: string | undefined,
): Promise<void> {
  try {
    if (responseUrl !== undefined) await keepResponseUrl(deps.state.blobs, accepted.run, responseUrl);
    await accepted.queue();
  } catch (thrown) {
    deps.log.warn({ err: thrown, run: accepted.run }, 'run not queued yet, the sweep will');
  }
}
