import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { freePort } from '../../src/store/free-port.ts';
import { redisBinary } from '../support/spawn-redis.ts';

const Container = z.object({ command: z.tuple([z.literal('sh'), z.literal('-ec'), z.string()]) });
const StatefulSet = z.object({
  kind: z.literal('StatefulSet'),
  spec: z.object({ template: z.object({ spec: z.object({ containers: z.tuple([Container]) }) }) }),
});

/** Not 127.0.0.1, which the store binds as well: on Linux all of 127/8 is there. */
const HOST = '127.0.0.2';

/** The store of overlays/valkey, by its own command and configuration; only places and the port are others. */
export async function startOverlayStore(folder: string): Promise<{ readonly url: string; readonly stop: () => void }> {
  const overlay = 'deploy/kubernetes/overlays/valkey';
  const objects = parseAllDocuments(readFileSync(`${overlay}/valkey.yaml`, 'utf8')).map((each) => each.toJS());
  const found = objects.flatMap((each) => StatefulSet.safeParse(each).data ?? [])[0];
  const [, , script = ''] = found?.spec.template.spec.containers[0].command ?? [];
  const port = await freePort();
  const conf = readFileSync(`${overlay}/valkey.conf`, 'utf8')
    .replace(/^dir .*$/m, `dir ${join(folder, 'data')}`)
    .replace(/^port .*$/m, `port ${port}`);
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'mounted.conf'), conf);
  const here = script
    .replaceAll('/etc/valkey/valkey.conf', join(folder, 'mounted.conf'))
    .replaceAll('/tmp/valkey.conf', join(folder, 'started.conf'))
    .replace('valkey-server', redisBinary() ?? 'valkey-server');
  const password = 'a-password';
  const env = { ...process.env, POD_IP: HOST, VALKEY_PASSWORD: password };
  const child = spawn('sh', ['-ec', here], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    ready(child.stdout),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the store ended with ${code}`))),
  ]);
  child.stdout.resume();
  return { url: `redis://:${password}@${HOST}:${port}`, stop: () => child.kill('SIGKILL') };
}

async function ready(lines: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: lines })) if (/Ready to accept connections/.test(line)) return;
  throw new Error('the store said nothing more');
}
