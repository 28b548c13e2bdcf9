import { refuse } from '../api/method.ts';
import type { Delivery } from '../deliver/envelope.ts';

/** The error Slack shows to the person who acted, null where the bot answered in time. */
export function failureOf(delivery: Delivery): 'operation_timeout' | 'dispatch_failed' | null {
  switch (delivery.type) {
    case 'acked':
      return null;
    case 'late':
      return 'operation_timeout';
    case 'nobody':
    case 'failed':
      return 'dispatch_failed';
  }
}

/**
 * The answer of an interaction.
 * @throws Refusal operation_timeout, dispatch_failed: the person sees a warning beside what they pressed
 */
export function answeredOr(delivery: Delivery): unknown {
  const failure = failureOf(delivery);
  if (failure !== null) refuse(failure, { message: 'The app did not respond. Try again?' });
  return delivery.type === 'acked' ? delivery.body : undefined;
}
