import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Asked, askedFor, askedForPath } from '../../src/cluster/asked.ts';
import { ClusterName } from '../../src/core/ids.ts';

/** Answers recorded on a real cluster (Kubernetes 1.36, Cilium 1.19), trimmed to what a client acts on. */
const Answers = z.record(
  z.string(),
  z.object({
    method: z.string(),
    path: z.string(),
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    body: z.string().default(''),
    frames: z
      .array(
        z.union([
          z.object({ close: z.number() }),
          z.object({
            channel: z.number(),
            payload: z.union([
              z.string(),
              z
                .object({ repeat: z.string(), times: z.number() })
                .transform(({ repeat, times }) => repeat.repeat(times)),
            ]),
          }),
        ]),
      )
      .default([]),
  }),
);
export type Recorded = z.infer<typeof Answers>[string];

function read(file: string): Readonly<Record<string, Recorded>> {
  return Answers.parse(JSON.parse(readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')));
}

export const apiAnswers = read('api-answers.json');
export const execAnswers = read('exec-answers.json');

export function recorded(from: Readonly<Record<string, Recorded>>, name: string): Recorded {
  const answer = from[name];
  if (answer === undefined) throw new Error(`nothing recorded as ${name}`);
  return answer;
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

/** The question behind a recorded request. */
export function askedIn({ method, path }: Recorded): Asked {
  const from = { cluster: ClusterName.parse('prod'), server: 'api.prod:6443' };
  const parts = PATH.exec(path.split('?')[0] ?? '')?.groups;
  if (parts === undefined) return askedForPath(from, path);
  const { group = '', version = '', plural = '', namespace, name, subresource } = parts;
  const place = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
  const verb = VERBS[method] ?? (name === undefined ? 'list' : 'get');
  return askedFor(from, verb, { group, version, plural }, place);
}
