import { jobs } from '../../jobs/registry.ts';
import { checkSchedules } from '../app/schedules/schedule-rules.ts';
import { OpsError } from '../core/errors.ts';
import type { Env } from '../settings/config.ts';
import { parseChatopsConfig, readConfigText, withoutFile } from '../settings/config-file.ts';
import { configSchema } from '../settings/config-problems.ts';
import { configWords } from '../settings/config-words.ts';

type Out = { readonly out: (text: string) => void; readonly err: (text: string) => void };

const USAGE = `cilium-chatops config check [file]   whether the file (default: CHATOPS_CONFIG) is usable, and what it allows
cilium-chatops config schema         its JSON schema, for editors`;

/** Exit codes: 0 usable, 2 not usable or wrongly asked. */
export async function configCommand(
  [verb, file, ...more]: readonly string[],
  env: Pick<Env, 'CHATOPS_CONFIG' | 'KUBERNETES_SERVICE_HOST' | 'KUBECONFIG'>,
  { out, err }: Out,
): Promise<0 | 2> {
  if (verb === 'schema' && file === undefined) {
    out(JSON.stringify(configSchema(), null, 2));
    return 0;
  }
  if (verb === 'check' && more.length === 0) return check(file ?? env.CHATOPS_CONFIG, env, { out, err });
  err(USAGE);
  return 2;
}

async function check(file: string | undefined, env: Parameters<typeof withoutFile>[0], { out, err }: Out) {
  try {
    const config = file === undefined ? withoutFile(env) : parseChatopsConfig(file, await readConfigText(file));
    checkSchedules(config, jobs);
    const what = file === undefined ? 'There is no file (CHATOPS_CONFIG is not set). Without one:' : `${file} is fine.`;
    out([what, '', ...configWords(config, jobs)].join('\n'));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof OpsError)) throw thrown;
    err(thrown.nextStep === undefined ? thrown.message : `${thrown.message}\n${thrown.nextStep}`);
    return 2;
  }
}
