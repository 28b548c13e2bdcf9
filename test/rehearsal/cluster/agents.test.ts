import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAgents } from '../../../src/rehearsal/cluster/agent/agents.ts';
import { type AgentWorld, parseCommandLine, runInAgent } from '../../../src/rehearsal/cluster/agent/commands.ts';
import { createResourceTable, readDiscovery } from '../../../src/rehearsal/cluster/resources.ts';
import { loadObjects, seedObjects } from '../../../src/rehearsal/cluster/seed.ts';
import { createStore } from '../../../src/rehearsal/cluster/store.ts';

const NATIVE = {
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': '10.0.0.0/16',
};

describe('commands in a cilium-agent container', () => {
  let world: AgentWorld;
  beforeAll(() => {
    const table = createResourceTable(readDiscovery());
    const store = createStore();
    loadObjects(store, table, seedObjects(Date.now(), { key: '', cert: '' }));
    world = { agents: createAgents(store, table, Date.now), nowMs: Date.now, deadNodes: () => new Set<string>() };
  });
  afterEach(() => world.agents.reset());
  afterAll(() => undefined);

  const run = async (command: string, node = 'node1') => {
    const agent = world.agents.on(node);
    if (agent === undefined) throw new Error(`no agent on ${node}`);
    const input = {
      argv: command.split(' '),
      readStdin: () => Promise.resolve(''),
      signal: new AbortController().signal,
    };
    const result = await runInAgent(agent, input, world);
    if (result.type !== 'exited') throw new Error(result.why);
    return result;
  };
  const json = async (command: string, node?: string): Promise<unknown> =>
    JSON.parse((await run(command, node)).stdout);

  it('reports tunnel mode as recorded', async () => {
    expect(await json('cilium status -o json')).toMatchObject({
      routing: { 'inter-host-routing-mode': 'Tunnel', 'intra-host-routing-mode': 'Legacy', 'tunnel-protocol': 'vxlan' },
      masquerading: { enabled: true, mode: 'iptables', 'snat-exclusion-cidr-v4': '10.0.1.0/24' },
      ipam: { allocations: { '10.0.1.25': 'router', '10.0.1.131': 'bench/cli' } },
      'kube-proxy-replacement': { mode: 'True' },
      cilium: { state: 'Ok' },
    });
  });

  it('reports native mode after a start with native settings, without a tunnel protocol', async () => {
    world.agents.override('node1', NATIVE);

    const status = await json('cilium-dbg status -o json');

    expect(status).toMatchObject({ masquerading: { 'snat-exclusion-cidr-v4': '10.0.0.0/16' } });
    expect((status as { routing: unknown }).routing).toEqual({
      'inter-host-routing-mode': 'Native',
      'intra-host-routing-mode': 'Legacy',
    });
  });

  it('routes to other nodes through cilium_host with mtu 1450 in tunnel mode, as recorded', async () => {
    const routes = (await json('ip -j route')) as unknown[];

    expect(routes).toContainEqual({
      dst: '10.0.2.0/24',
      gateway: '10.0.1.25',
      dev: 'cilium_host',
      protocol: 'kernel',
      prefsrc: '10.0.1.25',
      flags: [],
      metrics: [{ mtu: 1450 }],
    });
  });

  it('routes to other nodes directly in native mode, and to its own pods as before', async () => {
    world.agents.override('node1', NATIVE);

    const routes = (await json('ip -j route')) as unknown[];

    expect(routes).toContainEqual({
      dst: '10.0.2.0/24',
      gateway: '172.30.0.12',
      dev: 'eth0',
      protocol: 'kernel',
      flags: [],
    });
    expect(routes).toContainEqual({
      dst: '10.0.1.0/24',
      gateway: '10.0.1.25',
      dev: 'cilium_host',
      protocol: 'kernel',
      prefsrc: '10.0.1.25',
      flags: [],
    });
  });

  it('has no route to other nodes in native mode without direct node routes', async () => {
    world.agents.override('node1', { ...NATIVE, 'auto-direct-node-routes': 'false' });

    const routes = (await json('ip -j route')) as { dst: string }[];

    expect(routes.map((route) => route.dst)).not.toContain('10.0.2.0/24');
  });

  it('has a tunnel device in tunnel mode only', async () => {
    const before = (await json('ip -j -d link show cilium_vxlan')) as unknown[];
    world.agents.override('node1', NATIVE);
    const after = await run('ip -j link show cilium_vxlan');

    expect(before).toMatchObject([{ ifname: 'cilium_vxlan', linkinfo: { info_kind: 'vxlan' } }]);
    expect(after).toMatchObject({ code: 1, stdout: '', stderr: 'Device "cilium_vxlan" does not exist.\n' });
  });

  it('answers route get with the most specific route', async () => {
    expect(await json('ip -j route get 10.0.2.127')).toMatchObject([
      { dst: '10.0.2.127', dev: 'cilium_host', metrics: [{ mtu: 1450 }] },
    ]);
    expect(await json('ip -j route get 172.30.0.12')).toMatchObject([{ dev: 'eth0' }]);
  });

  it('knows nothing about health right after a start', async () => {
    world.agents.restart('node1');

    expect((await run('cilium status')).stdout).toMatch(
      /Cluster health: +0\/0 reachable +\(.*\) +\(Probe interval: 0s\)/,
    );
  });

  it('counts nodes of the other mode as unreachable in a fresh probe', async () => {
    world.agents.override('node1', NATIVE);

    expect((await run('cilium-health status --probe')).stdout).toMatch(/1\/3 reachable/);
    expect((await run('cilium-health status', 'node2')).stdout).toMatch(/2\/3 reachable/);
  });

  it('gives its last probe round a time within one probe interval', async () => {
    const health = (await json('cilium-health status -o json')) as { timestamp: string; probeInterval: string };

    expect(health.probeInterval).toBe('1m56.754608943s');
    expect(Date.now() - Date.parse(health.timestamp)).toBeLessThan(118_000);
  });

  it.each([
    { command: 'cilium status --brief', want: 'OK\n' },
    { command: 'timeout -k 5 10 cilium status --brief', want: 'OK\n' },
    { command: 'uname -r', want: '6.18.44\n' },
    { command: 'cat /tmp/cilium/config-map/routing-mode', want: 'tunnel' },
  ])('$command', async ({ command, want }) => {
    expect((await run(command)).stdout).toBe(want);
  });

  it('shows its configuration as it started, not as the ConfigMap is now', async () => {
    expect(await json('cilium config -a -o json')).toMatchObject({
      RoutingMode: 'tunnel',
      IPv4NativeRoutingCIDR: null,
    });
    world.agents.override('node1', NATIVE);
    expect(await json('cilium config -a -o json')).toMatchObject({
      RoutingMode: 'native',
      EnableAutoDirectRouting: true,
      IPv4NativeRoutingCIDR: { IP: '10.0.0.0', Mask: '//8AAA==' },
    });
  });

  it('ends a command that outlives its timeout with 124', async () => {
    expect((await run('timeout 0.01 sleep 5')).code).toBe(124);
  });

  it('refuses unknown commands as the container runtime does', async () => {
    await expect(run('tcpdump -i eth0')).rejects.toThrow('exec: "tcpdump": executable file not found in $PATH');
  });

  it('reads flags wherever they stand', () => {
    expect(parseCommandLine(['-o', 'json', 'status', '--verbose'])).toMatchObject({ words: ['status'], json: true });
    expect(parseCommandLine(['status', '--output=json'])).toMatchObject({ words: ['status'], json: true });
  });
});
