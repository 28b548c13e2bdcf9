/** What can be run in a cilium-agent container, as a table: command line in, output out. */
import type { Agent, Agents } from './agents.ts';
import { type DeadNodes, healthJson, healthOf, healthText, probeNow } from './health.ts';
import { linksOf, linkText, withAddresses, withoutDetails } from './links.ts';
import { localTable, mainTable, type Route, routeGet, routeText } from './routes.ts';
import { type ExecInput, type ExecResult, exited, runCommon, unwrapTimeout } from './shell.ts';
import { configJson, statusJson } from './status.ts';
import { statusText } from './status-text.ts';
import { agentTemplate } from './template.ts';

export type AgentWorld = { readonly agents: Agents; readonly nowMs: () => number; readonly deadNodes: () => DeadNodes };

/** Flags apart from words, in whatever order they were typed. */
type CommandLine = { readonly words: readonly string[]; readonly flags: ReadonlySet<string>; readonly json: boolean };

const VALUE_FLAGS: ReadonlySet<string> = new Set(['-o', '--output']);

const OUTPUT_FLAG = /^(?:-o|--output)(?:=(.*))?$/;

export function parseCommandLine(args: readonly string[]): CommandLine {
  const words: string[] = [];
  const flags = new Set<string>();
  let output = '';
  for (const [index, arg] of args.entries()) {
    const found = OUTPUT_FLAG.exec(arg);
    const isValue = VALUE_FLAGS.has(args[index - 1] ?? '');
    if (found !== null) output = found[1] ?? args[index + 1] ?? '';
    else if (arg.startsWith('-')) flags.add(arg);
    else if (!isValue) words.push(arg);
  }
  return { words, flags, json: output === 'json' || flags.has('-ojson') };
}

function print(value: unknown): ExecResult {
  return exited(`${JSON.stringify(value)}\n`);
}

function pretty(value: unknown): ExecResult {
  return exited(`${JSON.stringify(value, null, 2)}\n`);
}

type Runner = (agent: Agent, line: CommandLine, world: AgentWorld) => ExecResult;

function runStatus(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const nowMs = world.nowMs();
  const input = { agent, endpoints: world.agents.endpointsOn(agent), nowMs };
  if (line.json) return pretty(statusJson(input));
  if (line.flags.has('--brief')) return exited('OK\n');
  return exited(statusText(input, healthOf(world.agents, agent, nowMs, world.deadNodes())));
}

function endpointList(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const endpoints = world.agents.endpointsOn(agent).map(({ id, namespace, name, ip }) => ({
    id,
    status: {
      'external-identifiers': { 'k8s-namespace': namespace, 'k8s-pod-name': name, 'pod-name': `${namespace}/${name}` },
      networking: { addressing: [{ ipv4: ip }] },
      state: 'ready',
    },
  }));
  if (line.json) return pretty(endpoints);
  const rows = endpoints.map(({ id, status }) => `${id}   ready   ${status['external-identifiers']['pod-name']}`);
  return exited(`${['ENDPOINT   STATUS   POD', ...rows].join('\n')}\n`);
}

function nodeList(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const nodes = world.agents.nodes().map((node) => ({
    'health-endpoint-address': { ipv4: { enabled: true, ip: node.healthIp }, ipv6: {} },
    name: node.name,
    'primary-address': { ipv4: { 'alloc-range': node.podCidrs[0], enabled: true, ip: node.nodeIp }, ipv6: {} },
    source: node.name === agent.name ? 'local' : 'custom-resource',
  }));
  if (line.json) return pretty(nodes);
  const rows = nodes.map((node) => {
    const { ip, 'alloc-range': range } = node['primary-address'].ipv4;
    return `${node.name}   ${ip}    ${range}                                    ${node.source}`;
  });
  const head = 'Name    IPv4 Address   Endpoint CIDR   IPv6 Address   Endpoint CIDR   Source';
  return exited(`${[head, ...rows].join('\n')}\n`);
}

function runConfig(agent: Agent, line: CommandLine): ExecResult {
  const config = configJson(agent);
  if (line.json) return pretty(config);
  const rows = Object.entries(config).map(([key, value]) => `${key.padEnd(40)}: ${JSON.stringify(value)}`);
  return exited(`#### Read-write configurations ####\n${rows.join('\n')}\n`);
}

const CILIUM: Readonly<Record<string, Runner>> = {
  status: runStatus,
  config: runConfig,
  version: () => exited(agentTemplate().version),
  'endpoint list': endpointList,
  'node list': nodeList,
  'encrypt status': (agent) =>
    exited(`Encryption: ${agent.config['enable-wireguard'] === 'true' ? 'Wireguard' : 'Disabled'}\n`),
};

const NO_SOCKET = 'dial unix /var/run/cilium/cilium.sock: connect: no such file or directory';

function runCilium(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  if (!world.agents.answers(agent.name)) {
    return exited('', 1, `Error: Cannot get status/probe: Get "http://localhost/v1/healthz": ${NO_SOCKET}\n`);
  }
  const [first = '', second = ''] = line.words;
  const runner = CILIUM[`${first} ${second}`] ?? CILIUM[first];
  if (runner !== undefined) return runner(agent, line, world);
  return exited('', 1, `Error: unknown command "${first}" for "cilium-dbg"\nRun 'cilium-dbg --help' for usage.\n`);
}

function runHealth(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const dead = world.deadNodes();
  const nowMs = world.nowMs();
  const report = line.flags.has('--probe')
    ? probeNow(world.agents, agent, nowMs, dead)
    : healthOf(world.agents, agent, nowMs, dead);
  if (line.json) return pretty(healthJson(world.agents, agent, report, dead));
  return exited(healthText(world.agents, agent, report));
}

function isJson(line: CommandLine): boolean {
  return line.flags.has('-j') || line.flags.has('-json');
}

function printRoutes(routes: readonly Route[], line: CommandLine): ExecResult {
  return isJson(line) ? print(routes) : exited(`${routes.map(routeText).join('\n')}\n`);
}

function ipRoute(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const [, action = 'show', ...rest] = line.words;
  const nodes = world.agents.nodes();
  if (action === 'get') return printRoutes([routeGet(agent, nodes, rest[0] ?? '')], line);
  const main = mainTable(agent, nodes);
  const [, table = 'main'] = rest[0] === 'table' ? rest : [];
  if (table === 'all') return printRoutes([...main, ...localTable(agent)], line);
  return printRoutes(table === 'local' ? localTable(agent) : main, line);
}

function ipLink(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const links = linksOf(agent, world.agents.endpointsOn(agent));
  const [, , third, fourth] = line.words;
  const wanted = third === 'dev' ? fourth : third;
  const chosen = wanted === undefined ? links : links.filter((link) => link['ifname'] === wanted);
  if (chosen.length === 0) return exited('', 1, `Device "${wanted ?? ''}" does not exist.\n`);
  const shown = line.flags.has('-d') || line.flags.has('-details') ? chosen : chosen.map(withoutDetails);
  return isJson(line) ? print(shown) : exited(`${shown.map(linkText).join('\n')}\n`);
}

function ipAddress(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const links = linksOf(agent, world.agents.endpointsOn(agent)).map((link) => withAddresses(agent, link));
  return isJson(line) ? print(links) : exited(`${links.map(linkText).join('\n')}\n`);
}

function runIp(agent: Agent, line: CommandLine, world: AgentWorld): ExecResult {
  const [object = ''] = line.words;
  if ('route'.startsWith(object)) return ipRoute(agent, line, world);
  if ('link'.startsWith(object)) return ipLink(agent, line, world);
  if ('address'.startsWith(object)) return ipAddress(agent, line, world);
  if (object === 'rule')
    return exited('0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n');
  return exited('', 255, `Object "${object}" is unknown, try "ip help".\n`);
}

const KERNEL = '6.18.44';

const PROGRAMS: Readonly<Record<string, Runner>> = {
  cilium: runCilium,
  'cilium-dbg': runCilium,
  'cilium-health': runHealth,
  ip: runIp,
  uname: (_agent, line) => exited(line.flags.has('-r') ? `${KERNEL}\n` : 'Linux\n'),
};

function configFile(agent: Agent, path: string): ExecResult | undefined {
  const key = /^\/tmp\/cilium\/config-map\/(.+)$/.exec(path)?.[1];
  const value = key === undefined ? undefined : agent.config[key];
  return value === undefined ? undefined : exited(value);
}

/** Runs a command in the agent container of a node. */
export function runInAgent(agent: Agent, input: ExecInput, world: AgentWorld): Promise<ExecResult> {
  const { argv, seconds } = unwrapTimeout(input.argv);
  const [program = '', ...args] = argv;
  const runner = PROGRAMS[program.replace(/^\/(usr\/)?s?bin\//, '')];
  if (runner !== undefined) return Promise.resolve(runner(agent, parseCommandLine(args), world));
  const file = program === 'cat' ? configFile(agent, args[0] ?? '') : undefined;
  return file === undefined ? runCommon({ ...input, argv }, seconds) : Promise.resolve(file);
}
