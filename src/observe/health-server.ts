import { createServer, type ServerResponse } from 'node:http';
import { SECOND_MS } from '../core/clock.ts';
import { within } from '../core/deadline.ts';

export type Checks = Readonly<Record<string, () => Promise<boolean> | boolean>>;

export type HealthOptions = {
  /** What must hold for this process to be of use just now; asked anew for every probe. */
  readonly checks: () => Checks;
  readonly metrics?: { readonly scrape: () => Promise<string>; readonly contentType: string };
};

/** Shorter than the timeout a probe should have (3 s): a check that hangs is one that does not hold. */
const CHECK_LIMIT_MS = 2 * SECOND_MS;

/**
 * `/healthz` (liveness): the process answers; nothing outside of it can make that fail, for a restart would not mend
 * it. `/readyz` (readiness): every check holds, or 503 and which does not. `/metrics`: for Prometheus.
 * Answers the port it listens on.
 */
export async function serveHealth(
  port: number,
  { checks, metrics }: HealthOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') return send(response, 200, { ok: true });
    if (path === '/metrics' && metrics !== undefined) return sendMetrics(response, metrics);
    if (path !== '/readyz') return send(response, 404, { ok: false });
    results(checks()).then(
      (each) => send(response, Object.values(each).every(Boolean) ? 200 : 503, each),
      () => send(response, 503, { ok: false }),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A probe that hangs on must not keep the process.
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function sendMetrics(response: ServerResponse, { scrape, contentType }: NonNullable<HealthOptions['metrics']>): void {
  scrape().then(
    (text) => response.writeHead(200, { 'content-type': contentType }).end(text),
    () => send(response, 500, { ok: false }),
  );
}

async function results(checks: Checks): Promise<Record<string, boolean>> {
  const named = Object.entries(checks).map(async ([name, check]) => [name, await holds(check)] as const);
  return Object.fromEntries(await Promise.all(named));
}

async function holds(check: Checks[string]): Promise<boolean> {
  return within(CHECK_LIMIT_MS, Promise.resolve().then(check)).catch(() => false);
}

/**
 * True as long as `now` has been true within the last `graceMs`: Slack closes every socket now and then and a new one
 * is open a second later, which is no reason to be taken out of service.
 */
export function withGrace(now: () => boolean, graceMs: number): () => boolean {
  let lastTrueMs = Number.NEGATIVE_INFINITY;
  return () => {
    const atMs = performance.now();
    if (now()) lastTrueMs = atMs;
    return atMs - lastTrueMs <= graceMs;
  };
}
