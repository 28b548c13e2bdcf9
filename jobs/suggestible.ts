/**
 * Words of the commands that a report may offer as its next step. Reports know more steps than the bot has commands;
 * those that begin with none of these are left out, so that no button leads nowhere. A test holds this list against
 * the registry, which a job cannot import itself.
 */
export const SUGGESTIBLE_COMMANDS: readonly string[] = [
  'status',
  'preflight',
  'verify',
  'enable native-routing',
  'rollback',
  'restart unmanaged',
  'iperf',
  'doctor',
];
