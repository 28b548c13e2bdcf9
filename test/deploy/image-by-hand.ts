import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

export type Instruction = {
  readonly name: string;
  readonly flags: readonly string[];
  readonly args: readonly string[];
};
export type Stage = { readonly name: string; readonly base: string; readonly instructions: readonly Instruction[] };

/** The stages of deploy/Dockerfile, in order. Knows what that file uses: flags, line continuations, comments. */
export function readDockerfile(): readonly Stage[] {
  const lines = readFileSync('deploy/Dockerfile', 'utf8').replace(/\\\n/g, ' ').split('\n');
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [name = '', ...words] = line.trim().split(/\s+/);
    if (name === '' || name.startsWith('#')) continue;
    if (name === 'FROM') stages.push({ name: words[2] ?? 'final', base: words[0] ?? '', instructions: [] });
    else {
      const flags = words.filter((word) => name !== 'RUN' && word.startsWith('--'));
      stages.at(-1)?.instructions.push({ name, flags, args: words.filter((word) => !flags.includes(word)) });
    }
  }
  return stages;
}

export function stageNamed(name: string): Stage {
  const stage = readDockerfile().find((each) => each.name === name);
  if (stage === undefined) throw new Error(`deploy/Dockerfile has no stage ${name}`);
  return stage;
}

/**
 * Does what the Dockerfile does with the project's own files, in folders and without an engine: only what it copies is
 * there to build from, and only what it copies from there is in the image. Packages are those of this checkout, and
 * helm is left out. Answers the root of the image.
 */
export function imageByHand(): { readonly root: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  // Another user than this one reads it.
  chmodSync(folder, 0o755);
  const [build, root] = [join(folder, 'build'), join(folder, 'root')];
  for (const instruction of stageNamed('build').instructions) follow(instruction, join(build, 'src'));
  for (const { name, flags, args } of stageNamed('final').instructions)
    if (name === 'COPY' && flags.includes('--from=build')) copy(build, join(root, 'app'), args);
  rmSync(build, { recursive: true });
  return { root, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function follow({ name, args }: Instruction, workdir: string): void {
  const command = args.join(' ');
  if (name === 'COPY') copy(process.cwd(), workdir, args);
  if (name !== 'RUN') return;
  if (command === 'node deploy/local/setup.mjs') linkPackages(workdir);
  else run(command, workdir);
}

/** As COPY does: into a folder when the target ends in a slash or there are several sources. */
function copy(from: string, workdir: string, args: readonly string[]): void {
  const target = args.at(-1) ?? '';
  const sources = args.slice(0, -1);
  const to = isAbsolute(target) ? target : resolve(workdir, target);
  mkdirSync(dirname(to), { recursive: true });
  for (const source of sources) {
    const path = join(from, source);
    const into = sources.length > 1 || target.endsWith('/') || target === '.' || target === './';
    cpSync(path, into ? join(to, source.split('/').at(-1) ?? '') : to, {
      recursive: true,
      dereference: true,
      preserveTimestamps: true,
    });
  }
}

function linkPackages(workdir: string): void {
  if (!existsSync('node_modules/.package-lock.json')) throw new Error('no packages are installed here');
  symlinkSync(resolve('node_modules'), join(workdir, 'node_modules'));
}

function run(command: string, cwd: string): void {
  const done = spawnSync('sh', ['-ec', command], { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`);
}
