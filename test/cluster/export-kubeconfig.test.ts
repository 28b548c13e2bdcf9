import { describe, expect, it } from 'vitest';
import type { Connection, Pass } from '../../src/cluster/connection.ts';
import { exportKubeconfig } from '../../src/cluster/export-kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function exported(pass: Partial<Pass>, more: Partial<Connection> = {}) {
  const connection = { server: new URL('https://10.0.0.1:6443'), ...more } as Connection;
  const text = exportKubeconfig(connection, { generation: 1, headers: {}, tls: {}, ...pass } as Pass);
  const { clusters, users, contexts, ...rest } = JSON.parse(text);
  return {
    cluster: clusters[0].cluster,
    user: users[0].user,
    sizes: [clusters, users, contexts].map((l) => l.length),
    rest,
  };
}

describe('the kubeconfig for helm', () => {
  it('knows one cluster and one user', () => {
    const { sizes, rest } = exported({});

    expect(sizes).toEqual([1, 1, 1]);
    expect(rest).toMatchObject({ kind: 'Config', 'current-context': 'cluster' });
  });

  it.each([
    ['a token, wherever it came from', { headers: { authorization: 'Bearer t0ken' } }, { token: 't0ken' }],
    [
      'a password with a colon',
      { headers: { authorization: `Basic ${base64('dana:se:cret')}` } },
      { username: 'dana', password: 'se:cret' },
    ],
    [
      'a certificate',
      { tls: { cert: Buffer.from('CERT'), key: 'KEY' } },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    ],
    ['nothing', {}, {}],
    ['another user', { headers: { 'impersonate-user': 'dana' } }, { as: 'dana' }],
  ])('logs in with %s', (_situation, pass, wantUser) => {
    expect(exported(pass).user).toEqual(wantUser);
  });

  it.each([
    [
      'an authority',
      { tls: { ca: ['ONE', Buffer.from('TWO')] } },
      { 'certificate-authority-data': base64('ONE\nTWO') },
    ],
    ['another server name', { tls: { servername: 'kubernetes' } }, { 'tls-server-name': 'kubernetes' }],
    [
      'no check at all, where that was asked for',
      { tls: { rejectUnauthorized: false } },
      { 'insecure-skip-tls-verify': true },
    ],
    ['the check that is usual', { tls: { rejectUnauthorized: true } }, {}],
  ])('trusts the server by %s', (_situation, pass, wantCluster) => {
    expect(exported(pass).cluster).toEqual({ server: 'https://10.0.0.1:6443/', ...wantCluster });
  });

  it('goes through the same proxy', () => {
    expect(exported({}, { proxyUrl: 'socks5://p:1080' }).cluster['proxy-url']).toBe('socks5://p:1080');
  });
});
