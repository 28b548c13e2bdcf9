/** A client as plain as can be, so that tests see bytes and not a library's opinion of them. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { RehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';

export type Reply = {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly body: unknown;
};

export type Ask = {
  readonly method?: string;
  readonly path: string;
  /** A context of the kubeconfig; `none` sends no credentials. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export function tokenOf(cluster: RehearsalCluster, context: string): string {
  return cluster.accounts.find((account) => account.context === context)?.token ?? context;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function ask(
  cluster: RehearsalCluster,
  { method = 'GET', path, as = 'admin', headers = {}, body }: Ask,
): Promise<Reply> {
  const auth: Record<string, string> = as === 'none' ? {} : { Authorization: `Bearer ${tokenOf(cluster, as)}` };
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const length = text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) };
  const options = { method, ca: cluster.certificateAuthority, headers: { ...auth, ...length, ...headers } };
  return new Promise((resolve, reject) => {
    const sent = request(`${cluster.url}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(chunks).toString('utf8');
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, contentType, text: received, body: parse(received) });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

export async function control(
  cluster: RehearsalCluster,
  path: string,
  body?: unknown,
  method?: string,
): Promise<unknown> {
  const init = {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const response = await fetch(`${cluster.controlUrl}${path}`, init);
  const answer: unknown = await response.json();
  return answer;
}

export function setFault(cluster: RehearsalCluster, id: string, value: string): Promise<unknown> {
  return control(cluster, '/faults', { id, value });
}

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Waits for a condition, not for a time; fails with what it waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
