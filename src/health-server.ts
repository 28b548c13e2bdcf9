import { createServer } from 'node:http';

export type Checks = Readonly<Record<string, () => Promise<boolean> | boolean>>;

/** `/healthz`: the process answers. `/readyz`: every check holds, and which does not. Answers the port it listens on. */
export async function serveHealth(
  port: number,
  checks: Checks,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    if (request.url === '/healthz') return send(200, { ok: true });
    if (request.url !== '/readyz') return send(404, { ok: false });
    results(checks).then(
      (each) => send(Object.values(each).every(Boolean) ? 200 : 503, each),
      () => send(503, { ok: false }),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A probe that hangs on must not keep the workers from handing back: this closes first.
        server.closeAllConnections();
      }),
  };
}

async function results(checks: Checks): Promise<Record<string, boolean>> {
  const named = Object.entries(checks).map(
    async ([name, check]) => [name, await Promise.resolve(check()).catch(() => false)] as const,
  );
  return Object.fromEntries(await Promise.all(named));
}
