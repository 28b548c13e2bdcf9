/**
 * The one error class. `code` decides blame and retry, `message` is safe to show to people (lower case, no full stop,
 * names the wrong value), `nextStep` says what to do about it, `cause` is for the log only.
 */
const FACTS = {
  // asked wrongly
  InvalidArgs: { blame: 'caller', retry: false },
  NotAllowed: { blame: 'caller', retry: false },
  UnknownRun: { blame: 'caller', retry: false },
  StalePlan: { blame: 'caller', retry: false },
  // the cluster
  NotFound: { blame: 'cluster', retry: false },
  Forbidden: { blame: 'cluster', retry: false },
  Unauthenticated: { blame: 'cluster', retry: false },
  Conflict: { blame: 'cluster', retry: true },
  /** Another change holds the cluster. */
  Locked: { blame: 'cluster', retry: true },
  Expired: { blame: 'cluster', retry: true },
  Rejected: { blame: 'cluster', retry: false },
  TooManyRequests: { blame: 'cluster', retry: true },
  ClusterUnreachable: { blame: 'cluster', retry: true },
  ClusterTimeout: { blame: 'cluster', retry: true },
  ExecFailed: { blame: 'cluster', retry: false },
  OutputTooLarge: { blame: 'cluster', retry: false },
  UnexpectedAnswer: { blame: 'cluster', retry: false },
  CiliumAbsent: { blame: 'cluster', retry: false },
  ProbeFailed: { blame: 'cluster', retry: false },
  // around the bot
  StoreUnavailable: { blame: 'store', retry: true },
  QueueUnavailable: { blame: 'store', retry: true },
  SlackRateLimited: { blame: 'slack', retry: true },
  SlackUnavailable: { blame: 'slack', retry: true },
  SlackRefused: { blame: 'slack', retry: false },
  NotInChannel: { blame: 'slack', retry: false },
  MessageGone: { blame: 'slack', retry: false },
  UploadRefused: { blame: 'slack', retry: false },
  BadConfig: { blame: 'operator', retry: false },
  Superseded: { blame: 'bot', retry: false },
  Bug: { blame: 'bot', retry: false },
} as const satisfies Record<
  string,
  { blame: 'caller' | 'cluster' | 'store' | 'slack' | 'operator' | 'bot'; retry: boolean }
>;

export type ErrorCode = keyof typeof FACTS;

export class OpsError extends Error {
  readonly code: ErrorCode;
  readonly nextStep: string | undefined;
  /** How long the other side asked us to wait, in ms (Retry-After). */
  readonly retryAfterMs: number | undefined;
  /** Of InvalidArgs: the argument that is wrong, which the message begins with. */
  readonly argument: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { nextStep?: string; cause?: unknown; retryAfterMs?: number; argument?: string | undefined } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'OpsError';
    this.code = code;
    this.nextStep = more.nextStep;
    this.retryAfterMs = more.retryAfterMs;
    this.argument = more.argument;
  }

  get retryable(): boolean {
    return FACTS[this.code].retry;
  }

  get blame(): (typeof FACTS)[ErrorCode]['blame'] {
    return FACTS[this.code].blame;
  }
}

export function toOpsError(thrown: unknown): OpsError {
  if (thrown instanceof OpsError) return thrown;
  return new OpsError('Bug', 'the bot failed in a way it did not expect', {
    nextStep: 'look up the run id in the logs of the worker',
    cause: thrown,
  });
}
