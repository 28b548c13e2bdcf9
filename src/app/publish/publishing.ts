import type { Clock } from '../../core/clock.ts';
import type { Freeze } from '../../core/policy/freeze.ts';
import type { ChatPort, RenderedRun } from '../../core/ports/chat.ts';
import type { Log, State } from '../../core/ports/ports.ts';
import type { News } from '../../core/run/news.ts';
import type { Run } from '../../core/run/run.ts';

/** What is shown with a run and is not part of it. */
export type Around = { readonly frozen?: Freeze | undefined; readonly news?: News | undefined };

/** What a bot needs to bring Slack up to a run. */
export type PublishDeps = {
  readonly state: State;
  readonly chat: ChatPort;
  readonly render: (run: Run, around: Around) => RenderedRun;
  readonly clock: Clock;
  readonly log: Log;
};
