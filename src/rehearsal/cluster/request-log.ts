/** The last requests the API server answered, for tests that ask "what did the bot really do?". */

type LoggedRequest = {
  readonly at: string;
  readonly verb: string;
  readonly path: string;
  readonly user: string;
  readonly status: number;
  readonly bytes: number;
  readonly durationMs: number;
};

export type RequestLog = {
  readonly add: (entry: LoggedRequest) => void;
  readonly entries: () => readonly LoggedRequest[];
  readonly clear: () => void;
};

const LIMIT = 5_000;

export function createRequestLog(): RequestLog {
  let entries: LoggedRequest[] = [];
  return {
    add: (entry) => {
      entries.push(entry);
      if (entries.length > 2 * LIMIT) entries = entries.slice(-LIMIT);
    },
    entries: () => entries.slice(-LIMIT),
    clear: () => {
      entries = [];
    },
  };
}
