import { readFile } from 'node:fs/promises';
import { jobs } from '../../jobs/registry.ts';
import { OpsError } from '../core/errors.ts';
import { type ChatopsConfig, defaultChatopsConfig } from '../core/policy/chatops-config.ts';
import type { Env } from './config.ts';
import { type Problem, understandConfig } from './config-problems.ts';

type Where = Pick<Env, 'CHATOPS_CONFIG' | 'KUBERNETES_SERVICE_HOST' | 'KUBECONFIG'>;

/** @throws OpsError BadConfig with file, line, path and what is allowed, for everything that is wrong at once */
export async function readChatopsConfig(env: Where): Promise<ChatopsConfig> {
  const file = env.CHATOPS_CONFIG;
  return file === undefined ? withoutFile(env) : parseChatopsConfig(file, await readConfigText(file));
}

/** One cluster: that of KUBECONFIG or the one this pod runs in. */
export function withoutFile(env: Where): ChatopsConfig {
  return defaultChatopsConfig(env.KUBERNETES_SERVICE_HOST !== undefined && env.KUBECONFIG === undefined);
}

/** @throws OpsError BadConfig */
export async function readConfigText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : '';
    throw new OpsError('BadConfig', `${file} cannot be read: ${why}`, { cause: thrown });
  }
}

/** @throws OpsError BadConfig */
export function parseChatopsConfig(file: string, text: string): ChatopsConfig {
  const understood = understandConfig(text, commandNames());
  if (understood.ok) return understood.config;
  const { problems } = understood;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map((problem) => `\n  ${problemLine(file, problem)}`);
  throw new OpsError('BadConfig', `${file} is not usable, ${count}:${lines.join('')}`, {
    nextStep: `check it with: cilium-chatops config check ${file}`,
  });
}

function commandNames(): readonly string[] {
  return jobs.map((job) => job.name);
}

/** `chatops.yaml:12:9 policy.rules[0].approve: …`, which editors and terminals make a link of. */
function problemLine(file: string, { line, column, path, message }: Problem): string {
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}
