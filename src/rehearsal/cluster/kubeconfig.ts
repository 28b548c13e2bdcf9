/** The kubeconfig that clients of the rehearsal cluster are given. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Account } from './users.ts';

export type KubeconfigInput = {
  readonly clusterName: string;
  readonly server: string;
  readonly certificate: string;
  readonly accounts: readonly Account[];
  readonly currentContext: string;
};

/** JSON is YAML, so every reader of kubeconfig files takes it. */
function kubeconfigText(input: KubeconfigInput): string {
  const { clusterName, server, certificate, accounts, currentContext } = input;
  const authority = Buffer.from(certificate).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server, 'certificate-authority-data': authority } }],
    users: accounts.map(({ context, token }) => ({ name: context, user: { token } })),
    contexts: accounts.map(({ context }) => ({ name: context, context: { cluster: clusterName, user: context } })),
    'current-context': currentContext,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Only the owner may read it: it holds tokens. */
export async function writeKubeconfig(path: string, input: KubeconfigInput): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, kubeconfigText(input), { mode: 0o600 });
}
