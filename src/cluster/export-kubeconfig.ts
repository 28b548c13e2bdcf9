import type { Connection, Pass } from './connection.ts';

type Pem = Pass['tls']['ca'] | Pass['tls']['cert'] | Pass['tls']['key'];

/**
 * A kubeconfig that knows one cluster and one user, with the credentials as they are now: whoever reads it (helm) needs
 * no credential plugin, no service account files and nothing of the worker's environment. Secret: write it to private
 * files only.
 */
export function exportKubeconfig({ server, proxyUrl }: Connection, { headers, tls }: Pass): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cluster',
        cluster: {
          server: server.href,
          ...encoded('certificate-authority-data', tls.ca),
          ...(tls.servername === undefined ? {} : { 'tls-server-name': tls.servername }),
          ...(tls.rejectUnauthorized === false ? { 'insecure-skip-tls-verify': true } : {}),
          ...(proxyUrl === undefined ? {} : { 'proxy-url': proxyUrl }),
        },
      },
    ],
    users: [
      {
        name: 'bot',
        user: {
          ...authorization(headers['authorization'] ?? ''),
          ...encoded('client-certificate-data', tls.cert),
          ...encoded('client-key-data', tls.key),
          ...(headers['impersonate-user'] === undefined ? {} : { as: headers['impersonate-user'] }),
        },
      },
    ],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'bot' } }],
    'current-context': 'cluster',
  });
}

function encoded(name: string, pem: Pem): Record<string, string> {
  const parts = (Array.isArray(pem) ? pem : [pem]).flatMap((part) =>
    typeof part === 'string' || Buffer.isBuffer(part) ? [part.toString()] : [],
  );
  return parts.length === 0 ? {} : { [name]: Buffer.from(parts.join('\n')).toString('base64') };
}

function authorization(header: string): Record<string, string> {
  const [scheme = '', credentials = ''] = header.split(/ +/);
  if (scheme.toLowerCase() === 'bearer') return { token: credentials };
  if (scheme.toLowerCase() !== 'basic') return {};
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
  return { username, password };
}
