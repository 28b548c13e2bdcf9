import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { User } from '@kubernetes/client-node';
import { request } from 'undici';
import { z } from 'zod';
import type { ConnectionSigns } from '../core/doctoring.ts';
import type { ClusterName } from '../core/ids.ts';
import { toClusterError } from './api-errors.ts';
import { ApiFailure } from './api-status.ts';
import { askedForPath } from './asked.ts';
import type { Connection } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { loadKubeConfig, type Source } from './kubeconfig.ts';

const ASKED = 5;
const LIMIT_MS = 4_000;
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const Whoami = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

type Answer = { readonly tookMs: number; readonly theirs?: Date; readonly ours: Date };

/**
 * A few times `/version`, for how long it takes and what the server's clock says, and who we are to it.
 * @throws OpsError of the first request that fails, or the reason of the signal
 */
export async function readConnectionSigns(
  connection: Connection,
  source: Source & { readonly name: ClusterName },
  signal: AbortSignal,
): Promise<ConnectionSigns> {
  const answers: Answer[] = [];
  for (let asked = 0; asked < ASKED; asked += 1) answers.push(await ask(connection, source.name, signal));
  const user = await whoami(connection, signal).catch(() => undefined);
  const last = answers.at(-1);
  return {
    server: connection.server.host,
    ...credentialsOf(source),
    ...(user === undefined ? {} : { user }),
    // The first one opened the connection.
    roundTripsMs: answers.slice(1).map(({ tookMs }) => tookMs),
    ...(last?.theirs === undefined ? {} : { clock: { theirs: last.theirs, ours: last.ours } }),
  };
}

async function ask(connection: Connection, cluster: ClusterName, signal: AbortSignal): Promise<Answer> {
  const sentAt = Date.now();
  try {
    const { headers } = await call(connection, { method: 'GET', path: '/version' }, signal);
    const answeredAt = Date.now();
    const theirs = new Date(typeof headers['date'] === 'string' ? headers['date'] : Number.NaN);
    const ours = new Date((sentAt + answeredAt) / 2);
    return { tookMs: answeredAt - sentAt, ours, ...(Number.isNaN(theirs.getTime()) ? {} : { theirs }) };
  } catch (thrown) {
    signal.throwIfAborted();
    throw toClusterError(thrown, askedForPath({ cluster, server: connection.server.host }, '/version'));
  }
}

/** Kubernetes 1.28 and newer. */
async function whoami(connection: Connection, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const { text } = await call(connection, { method: 'POST', path: WHOAMI, body }, signal);
  return Whoami.parse(JSON.parse(text)).status.userInfo.username;
}

type Call = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string };

function call(connection: Connection, { method, path, body }: Call, signal: AbortSignal) {
  return withDeadline(LIMIT_MS, signal, async (within) => {
    const pass = await connection.pass();
    const url = new URL(connection.server);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    const answer = await request(url, {
      method,
      dispatcher: pass.dispatcher,
      headers: { ...pass.headers, accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
      signal: within,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new ApiFailure(answer.statusCode, text, answer.headers);
    return { text, headers: answer.headers };
  });
}

function credentialsOf(source: Source): Pick<ConnectionSigns, 'credentials' | 'certificateEnds'> {
  const user = loadKubeConfig(source).getCurrentUser();
  if (user === null) return { credentials: 'none' };
  const certificate = certificateOf(user);
  if (certificate !== undefined) {
    const certificateEnds = new Date(certificate.validTo);
    return { credentials: `client certificate until ${certificateEnds.toISOString().slice(0, 10)}`, certificateEnds };
  }
  return { credentials: kindOf(source, user) };
}

function kindOf(source: Source, user: User): string {
  if (source.inCluster === true) return 'service account of the pod';
  if (user.exec?.command !== undefined) return `credential plugin ${String(user.exec.command)}`;
  if (user.authProvider?.name === 'tokenFile') return 'service account of the pod';
  if (user.authProvider !== undefined) return `auth provider ${user.authProvider.name}`;
  if (user.token !== undefined) return 'token in the kubeconfig';
  return user.username === undefined ? 'none' : 'user and password';
}

function certificateOf({ certData, certFile }: User): X509Certificate | undefined {
  try {
    if (certData) return new X509Certificate(Buffer.from(certData, 'base64'));
    return certFile ? new X509Certificate(readFileSync(certFile)) : undefined;
  } catch {
    // What cannot be read shows in the first request.
    return undefined;
  }
}
