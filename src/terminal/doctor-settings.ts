import { type CheckGroup, checkOf } from '../core/doctoring.ts';
import { OpsError } from '../core/errors.ts';
import type { Check } from '../core/run/check.ts';
import { Env, readEnv, slackSettings } from '../settings/config.ts';

export type RawEnv = Readonly<Record<string, string | undefined>>;

const WHY = 'settings come from the environment, or from .env in the folder it is started in';
const PREFIXES = [
  ['SLACK_BOT_TOKEN', 'xoxb-'],
  ['SLACK_APP_TOKEN', 'xapp-'],
] as const;

export type Settings = { readonly env: ReturnType<typeof readEnv>; readonly group: CheckGroup };

/** The settings as far as they are usable, and what is wrong with the others: never a value, values are secrets. */
export function readSettings(raw: RawEnv): Settings {
  const { usable, bad } = sifted(raw);
  const env = readEnv(usable);
  const checks = [...bad.map((name) => badCheck(name, raw)), ...slackCheck(env, bad)];
  const well = checkOf('settings', 'Environment', { verdict: 'pass', evidence: `role ${env.ROLE}`, why: WHY });
  return { env, group: { title: 'Settings', checks: [...checks, ...(bad.length === 0 ? [well] : [])] } };
}

function sifted(raw: RawEnv): { readonly usable: RawEnv; readonly bad: readonly string[] } {
  const set = Object.fromEntries(
    Object.entries(raw).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
  const parsed = Env.safeParse(set);
  if (parsed.success) return { usable: raw, bad: [] };
  const bad = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))];
  return { usable: Object.fromEntries(Object.entries(raw).filter(([name]) => !bad.includes(name))), bad };
}

function badCheck(name: string, raw: RawEnv): Check {
  const id = `settings-${name.toLowerCase().replaceAll('_', '-')}`;
  return checkOf(id, name, { verdict: 'fail', evidence: problemOf(name, raw), why: WHY, fix: fixOf(name, raw) });
}

/** The words of the schema, asked for this one variable. */
function problemOf(name: string, raw: RawEnv): string {
  try {
    readEnv({ [name]: raw[name] });
    return 'not usable';
  } catch (thrown) {
    return thrown instanceof OpsError ? thrown.message.replace(/^the environment is not usable: /, '') : 'not usable';
  }
}

function fixOf(name: string, raw: RawEnv): string {
  const value = raw[name]?.trim() ?? '';
  const other = PREFIXES.find(([, prefix]) => value.startsWith(prefix))?.[0];
  if (other !== undefined && other !== name) return `that is what belongs into ${other}: the two are mixed up`;
  if (value.startsWith('xoxp-')) return 'that is the token of a person: take the Bot User OAuth Token';
  return 'compare with .env.example';
}

function slackCheck(env: Settings['env'], bad: readonly string[]): readonly Check[] {
  if (env.ROLE === 'worker' || bad.some((name) => name.startsWith('SLACK_'))) return [];
  try {
    const { transport } = slackSettings(env);
    const evidence =
      transport.type === 'socket' ? 'bot token and app-level token are set' : 'bot token and signing secret are set';
    return [checkOf('settings-slack', 'Slack settings', { verdict: 'pass', evidence, why: WHY })];
  } catch (thrown) {
    const evidence = thrown instanceof OpsError ? thrown.message : 'not usable';
    return [
      checkOf('settings-slack', 'Slack settings', {
        verdict: 'fail',
        evidence,
        why: 'a bot needs a bot token, and an app-level token (Socket Mode) or a signing secret (HTTP)',
        fix: 'api.slack.com/apps > Create New App > From a manifest: deploy/slack/manifest.yaml; copy .env.example to .env and fill it in. `npm run demo` needs no accounts; a worker alone (ROLE=worker) needs no token',
      }),
    ];
  }
}
