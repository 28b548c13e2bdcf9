const MAX_LENGTH = 300;

/**
 * A copy of a driver's error that may be logged: name, message, code and stack. Drivers hang the whole command on
 * their errors (ioredis: `command.args`, with the script and the payload; pg: `where`, `detail`), and that must not
 * reach a log.
 */
export function quietError(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown).slice(0, MAX_LENGTH));
  const quiet = new Error(firstLine(thrown.message));
  quiet.name = thrown.name;
  const frames = thrown.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  quiet.stack = [`${quiet.name}: ${quiet.message}`, ...frames].join('\n');
  return 'code' in thrown && typeof thrown.code === 'string' ? Object.assign(quiet, { code: thrown.code }) : quiet;
}

// Redis quotes the failing script from the second line on, or after `script:`.
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, MAX_LENGTH);
}
