import type { Actor, Origin } from '../../core/actor.ts';
import type { Clock } from '../../core/clock.ts';
import type { CommandCard } from '../../core/grammar/command-card.ts';
import type { ClusterName } from '../../core/ids.ts';
import type { ChatopsConfig } from '../../core/policy/chatops-config.ts';
import type { Groups, Log, Queues, State, Ticks } from '../../core/ports/ports.ts';
import type { Reply } from '../../core/replies/reply.ts';
import type { LinkTo } from '../run-link.ts';

/** A command that is answered from the store alone, at once and to the person who asked. */
export type Answer = CommandCard & {
  /** @throws OpsError */
  readonly answer: (raw: Readonly<Record<string, unknown>>, context: AnswerContext) => Promise<Reply>;
};

export type AnswerContext = {
  readonly state: State;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
  readonly groups: Groups;
  readonly config: ChatopsConfig;
  readonly linkTo?: LinkTo | undefined;
  readonly ticks?: Ticks | undefined;
  readonly by: Actor;
  readonly origin: Origin;
  /** How the reader calls us: `/cilium`. */
  readonly root: string;
  /** The clusters that may be operated from the place where the person asked. */
  readonly clusters: readonly ClusterName[];
  /** Whether runs of this cluster may be seen and stopped from there. */
  readonly mayUse: (cluster: ClusterName) => boolean;
};
