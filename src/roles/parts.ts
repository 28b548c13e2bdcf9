import type { Log } from '../core/ports/ports.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { OpenQueues } from '../queue/queues.ts';
import type { Env } from '../settings/config.ts';
import type { LiveConfig } from '../settings/live-config.ts';
import type { OpenState } from '../store/open-state.ts';
import type { Closers } from './closers.ts';

/** What every role of this process shares. */
export type Parts = {
  readonly env: Env;
  readonly log: Log;
  /** Followed while it changes: ask for what is current, each time. */
  readonly live: LiveConfig;
  readonly store: OpenState;
  readonly queues: OpenQueues;
  readonly closers: Closers;
  readonly metrics: Metrics;
};
