/** Network commands in ordinary containers: curl, wget, ping and nc towards pods, as their datapath lets them. */
import type { Agents } from './agent/agents.ts';
import { type Reached, reach } from './agent/reachability.ts';
import { type ExecInput, type ExecResult, exited, sleep } from './agent/shell.ts';
import { type KubeObject, textAt } from './kube-object.ts';
import { nodeOf } from './pod-containers.ts';

type Asked = { readonly address: string; readonly path: string; readonly seconds: number };

const URL_PARTS = /^(?:https?:\/\/)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?(\/\S*)?$/;
const TIME_FLAGS: ReadonlySet<string> = new Set(['-m', '--max-time', '--connect-timeout', '-T', '-W', '-w']);
const DEFAULT_SECONDS = 5;

function askedBy(args: readonly string[]): Asked | undefined {
  const found = args.map((arg) => URL_PARTS.exec(arg)).find((match) => match !== null);
  if (found === undefined) return undefined;
  const flag = args.findIndex((arg) => TIME_FLAGS.has(arg));
  const seconds = flag < 0 ? DEFAULT_SECONDS : Number(args[flag + 1]);
  return { address: found[1] ?? '', path: found[2] ?? '/', seconds };
}

/** An ephemeral port: netexec's /clientip prints address and port. */
const CLIENT_PORT = 43_210;

function bodyOf(reached: Extract<Reached, { ok: true }>, path: string): string {
  return path.startsWith('/clientip') ? `${reached.client}:${CLIENT_PORT}` : 'NOW: 2026-11-22 23:04:36 +0000 UTC';
}

type Answers = {
  readonly ok: (body: string, address: string) => ExecResult;
  readonly lost: (asked: Asked) => ExecResult;
};

const PROGRAMS: Readonly<Record<string, Answers>> = {
  curl: {
    ok: (body) => exited(body),
    lost: ({ seconds }) => exited('', 28, `curl: (28) Connection timed out after ${seconds * 1_000} milliseconds\n`),
  },
  wget: { ok: (body) => exited(body), lost: () => exited('', 1, 'wget: download timed out\n') },
  nc: { ok: () => exited(''), lost: () => exited('', 1) },
  ping: {
    ok: (_body, address) => exited(`64 bytes from ${address}: icmp_seq=1 ttl=63 time=0.2 ms\n`),
    lost: ({ address }) => exited(`--- ${address} ping statistics ---\n1 packets transmitted, 0 received\n`, 1),
  },
};

/** `sh -c "curl …"`: one command in a shell is run like the command itself. */
function unwrapShell(argv: readonly string[]): readonly string[] {
  const [shell = '', flag, script = ''] = argv;
  if (!/^(\/bin\/)?(ba)?sh$/.test(shell) || flag !== '-c' || /[;&|\n]/.test(script)) return argv;
  return script.trim().replaceAll(/["']/g, '').split(/\s+/);
}

/** Undefined for commands that are not about the network. */
export async function runOnNetwork(agents: Agents, pod: KubeObject, input: ExecInput): Promise<ExecResult | undefined> {
  const [program = '', ...args] = unwrapShell(input.argv);
  const answers = PROGRAMS[program];
  const asked = askedBy(args);
  if (answers === undefined || asked === undefined) return undefined;
  const sender = { node: nodeOf(pod), ip: textAt(pod, 'status', 'podIP') };
  const reached = reach(agents, sender, asked.address);
  if (reached.ok) return answers.ok(bodyOf(reached, asked.path), asked.address);
  await sleep(asked.seconds, input.signal);
  return answers.lost(asked);
}
