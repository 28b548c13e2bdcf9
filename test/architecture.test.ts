import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

type Import = { readonly specifier: string; readonly typeOnly: boolean };
type Source = { readonly path: string; readonly text: string; readonly imports: readonly Import[] };

const FROM = /\b(import|export)(\s+type\b)?(?:[\s\w*{},$]|\/\*.*?\*\/)*?\bfrom\s*['"]([^'"]+)['"]/g;
const BARE = /^\s*import\s*['"]([^'"]+)['"]/gm;
const CALLED = /\bimport\s*\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [
    ...[...code.matchAll(FROM)].map((match) => ({ specifier: match[3] ?? '', typeOnly: match[2] !== undefined })),
    ...[...code.matchAll(BARE)].map((match) => ({ specifier: match[1] ?? '', typeOnly: false })),
    ...[...code.matchAll(CALLED)].map((match) => ({ specifier: match[1] ?? '', typeOnly: false })),
  ];
}

const sources = new Map<string, Source>();

beforeAll(() => {
  for (const top of ['src', 'jobs', 'test']) {
    for (const name of readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(name)) continue;
      const path = join(top, name);
      const text = readFileSync(join(ROOT, path), 'utf8');
      sources.set(path, { path, text, imports: importsOf(text) });
    }
  }
});

/** `core`, `jobs`, `main` for src/main.ts, `test`. */
function roomOf(path: string): string {
  const [top = '', next = '', ...rest] = path.split('/');
  if (top !== 'src') return top;
  return rest.length === 0 ? 'main' : next;
}

/** The file that a relative specifier names, undefined for a package, and for data. */
function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.endsWith('.json')) return undefined;
  return specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(from), specifier)) : undefined;
}

/** `@slack/bolt` of `@slack/bolt/dist/x`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function product(): readonly Source[] {
  return [...sources.values()].filter(({ path }) => !path.startsWith('test/'));
}

/** DESIGN 3. A room may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  cilium: ['core'],
  jobs: ['core', 'cilium'],
  render: ['core', 'cilium'],
  app: ['core'],
  slack: ['core', 'app', 'render'],
  queue: ['core', 'app'],
  store: ['core'],
  cluster: ['core'],
  helm: ['core'],
  rehearsal: [],
  settings: ['core', 'cilium', 'jobs'],
  observe: ['core'],
  roles: [
    'core',
    'cilium',
    'jobs',
    'render',
    'app',
    'slack',
    'queue',
    'store',
    'cluster',
    'helm',
    'settings',
    'observe',
  ],
  terminal: [
    'core',
    'cilium',
    'jobs',
    'render',
    'app',
    'slack',
    'queue',
    'store',
    'cluster',
    'helm',
    'settings',
    'observe',
    'roles',
  ],
  main: ['core', 'settings', 'observe', 'roles', 'terminal', 'store'],
};

/** Packages that belong to one room; `types` may take the package's types too. */
const OWNED: readonly { readonly name: RegExp; readonly rooms: readonly string[]; readonly types?: string }[] = [
  { name: /^@slack\//, rooms: ['slack'], types: 'render' },
  { name: /^@kubernetes\/client-node$/, rooms: ['cluster'] },
  { name: /^bullmq$/, rooms: ['queue'] },
  { name: /^(ioredis|pg)$/, rooms: ['store'] },
  { name: /^prom-client$/, rooms: ['observe'] },
];

describe('the one-way rule', () => {
  it('knows every room there is', () => {
    const rooms = new Set(product().map(({ path }) => roomOf(path)));

    expect([...rooms].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });

  it('finds the imports it judges', () => {
    const text = `import a from './a.ts';\nimport type { B } from "b/c";\nimport {\n  d,\n  type E,\n} from '../e.ts';\nexport * from 'f';\nimport 'g';\nconst h = await import('./h.ts'); // import 'no'\n/* import 'no' */`;

    expect(importsOf(text).map((each) => each.specifier)).toEqual(['./a.ts', 'b/c', '../e.ts', 'f', 'g', './h.ts']);
  });

  it('lets rooms import only what the table allows, types included', () => {
    const offences = product().flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier }) => {
        const target = targetOf(path, specifier);
        if (target === undefined) return [];
        const [from, to] = [roomOf(path), roomOf(target)];
        return from === to || MAY_IMPORT[from]?.includes(to) ? [] : [`${path} imports ${target}`];
      }),
    );

    expect(offences).toEqual([]);
  });

  it('keeps every driver in its room', () => {
    const offences = product().flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier, typeOnly }) => {
        const room = roomOf(path);
        const owner = OWNED.find(({ name }) => name.test(packageOf(specifier)));
        if (!owner || room === 'rehearsal' || owner.rooms.includes(room)) return [];
        return typeOnly && owner.types === room ? [] : [`${path} imports ${specifier}`];
      }),
    );

    expect(offences).toEqual([]);
  });

  it('keeps Slack and Kubernetes clients out of the rehearsal: it is the other end of the wire', () => {
    const offences = product()
      .filter(({ path }) => roomOf(path) === 'rehearsal')
      .flatMap(({ path, imports }) => imports.map(({ specifier }) => `${path} ${packageOf(specifier)}`))
      .filter((each) => / (@slack\/(bolt|web-api|socket-mode)|@kubernetes\/client-node|bullmq|ioredis|pg)$/.test(each));

    expect(offences).toEqual([]);
  });
});

describe('roles', () => {
  it('a bot loads no Kubernetes code', () => {
    expect(
      packagesReached(['src/slack/slack-bot.ts', 'src/render/run-message.ts', 'src/app/publish/publish.ts']),
    ).not.toContain('@kubernetes/client-node');
  });

  it('a worker loads no Slack code', () => {
    const reached = packagesReached(['src/cluster/connect.ts', 'src/app/execute/execute.ts', 'jobs/registry.ts']);

    expect(reached).toContain('@kubernetes/client-node');
    expect(reached.filter((name) => name.startsWith('@slack/'))).toEqual([]);
  });

  it('the composition reaches Slack and Kubernetes only by dynamic imports, so that a role decides', () => {
    const reached = packagesReached(['src/roles/serve.ts', 'src/main.ts', 'src/terminal/run-here.ts'], {
      dynamic: false,
    });

    expect(reached).not.toContain('@kubernetes/client-node');
    expect(reached.filter((name) => name.startsWith('@slack/'))).toEqual([]);
  });
});

/** Packages whose code is loaded when these files are; types cost nothing and are left out. */
function packagesReached(entries: readonly string[], { dynamic = true } = {}): readonly string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const specifier of loadedBy(path, dynamic)) {
      const target = targetOf(path, specifier);
      if (target === undefined) packages.add(packageOf(specifier));
      else open.push(target);
    }
  }
  return [...packages];
}

function loadedBy(path: string, dynamic: boolean): readonly string[] {
  const source = sources.get(path);
  if (!source) throw new Error(`${path} is imported and does not exist`);
  const called = new Set([...source.text.matchAll(CALLED)].map((match) => match[1]));
  const loaded = source.imports.filter(({ typeOnly, specifier }) => !typeOnly && (dynamic || !called.has(specifier)));
  return loaded.map(({ specifier }) => specifier);
}

describe('house rules', () => {
  it('reads process.env in main.ts alone', () => {
    const readers = product().filter(({ text }) => /\bprocess\.env\b|\bfrom 'node:process'/.test(text));

    expect(readers.map(({ path }) => path).filter((path) => path !== 'src/main.ts')).toEqual([]);
  });

  it('mocks no module', () => {
    // Built from parts, so that this file is not its own offence.
    const banned = new RegExp(`\\bvi\\s*\\.\\s*(?:${['mock', 'doMock', 'hoisted'].join('|')})\\b`);

    expect([...sources.values()].filter(({ text }) => banned.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
