import { afterAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../jobs/changing/agent-pods.ts';
import { judgeAgent, type Situation } from '../../jobs/changing/judge-agent.ts';
import { preflightOf } from '../../src/cilium/preflight/preflight.ts';
import type { PairProbes } from '../../src/cilium/probe/probe-loss.ts';
import { assertConfigMap, nativeRoutingValues } from '../../src/cilium/switch/helm-values.ts';
import { isProven, verify } from '../../src/cilium/verification/verification.ts';
import type { Expectation, VerificationFacts } from '../../src/cilium/verification/verification-facts.ts';
import { blocks } from '../../src/core/run/check.ts';
import { toHelmError } from '../../src/helm/helm-errors.ts';
import { aNativeNetwork, aNetwork, aNode, anAgent, preflightFacts, type World } from '../cilium/preflight-facts.ts';

/*
 * Everything that was seen to go wrong on a real cluster (Kubernetes 1.36, Cilium 1.19) when it was switched from VXLAN
 * to native routing, most of it with every agent Ready and healthy. For each: what stops it before anything is changed,
 * and what catches it should it happen all the same. The table is printed.
 */
const CIDR = '10.0.0.0/16';
const WRONG = '10.1.0.0/16';
const TARGET = { mode: 'native', cidr: CIDR, routes: 'auto' } as const;
const NATIVE = { routing: { mode: 'native' }, nativeCidr: CIDR } as const;
const THREE = [0, 1, 2] as const;
const VERSION = { appVersion: '1.19.0' };

const DEPLOYED = preflightFacts().config ?? {};
const RENDERED = {
  ...DEPLOYED,
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': CIDR,
};

/** Checks of the preflight that keep the change from being planned. */
function preflight(world: World): readonly string[] {
  return preflightOf(preflightFacts(world))
    .checks.filter(blocks)
    .map(({ id }) => `preflight ${id}`);
}

/** Keys of the rendered cilium-config for which a plan is refused. */
function rendering(after: Readonly<Record<string, string>>): readonly string[] {
  return assertConfigMap(DEPLOYED, after, { ...VERSION, cidr: CIDR, routes: 'auto' }).map(
    (wrong) => `plan ${wrong.split(' ')[0]}`,
  );
}

function helm(stderr: string): readonly string[] {
  const asked = { cluster: 'prod', namespace: 'kube-system', name: 'cilium', verb: 'upgrade' };
  return [`plan helm ${toHelmError(stderr, asked).code}`];
}

/** Proofs that fail, or that cannot be had: either takes the change back. */
function proof(facts: Partial<VerificationFacts>, expected: Expectation = TARGET): readonly string[] {
  const checks = verify({ ...nativeFacts(), ...facts }, expected);
  const open = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown');
  expect(isProven(checks)).toBe(open.length === 0);
  return open.map(({ id }) => `verify ${id}`);
}

/** What is done about an agent during the roll. */
function roll(agent: Partial<Agent>, more: Partial<Situation> = {}): readonly string[] {
  const base = { node: 'node1', pod: 'cilium-x', uid: 'u', image: '', restarts: 0, createdMs: 0, terminating: false };
  const { answer } = anAgent('node1');
  const situation = { target: TARGET, isOurs: false, sinceMs: 1_000, rollsByItself: false, ...more };
  return [`roll ${judgeAgent({ ...base, ready: true, answer, ...agent }, situation).type}`];
}

const CRASHING = {
  ready: false,
  trouble: 'CrashLoopBackOff',
  restarts: 3,
  answer: { state: 'not-asked', why: 'agent not ready' },
} as const;

function pairs(client: (from: number) => string | undefined): VerificationFacts['probes'] {
  const all = THREE.flatMap((from) =>
    THREE.filter((to) => to !== from).map((to): PairProbes => {
      const clientAddress = `10.0.${from + 1}.9`;
      const probes = [1, 2, 3, 4].map((second) => ({
        atMs: 1_795_400_000_000 + second * 1_000,
        target: `node${to + 1}`,
        client: client(from),
      }));
      return { from: `node${from + 1}`, to: `node${to + 1}`, clientAddress, probes };
    }),
  );
  return { state: 'probed', pairs: all, sinceMs: 0, of: 6 };
}

const WORKS = pairs((from) => `10.0.${from + 1}.9`);
const DEAD = pairs(() => undefined);
const SNAT = pairs((from) => `172.30.0.1${from + 1}`);

function nativeFacts(): VerificationFacts {
  return {
    ...{ cluster: 'prod', asOf: '2026-11-23T00:00:00Z', version: '1.19.0' },
    nodes: THREE.map(aNode),
    agents: THREE.map((at) => anAgent(`node${at + 1}`, NATIVE)),
    config: RENDERED,
    networks: THREE.map(aNativeNetwork),
    ...{ silent: [], notAsked: 0 },
    probes: WORKS,
  };
}

const noRoutes = (at: number) => {
  const network = aNativeNetwork(at);
  return { ...network, routes: network.routes.filter(({ gateway }) => !/^172\.30\.0\.1[1-3]$/.test(gateway ?? '')) };
};

/** node3 is 172.31.0.14, behind a router: the others have no route to its pods, nor it to theirs. */
const inOtherL2 = (at: number) => {
  const network = aNativeNetwork(at);
  const isFar = ({ gateway }: { readonly gateway?: string }): boolean =>
    at === 2 ? /^172\.30\.0\.1[12]$/.test(gateway ?? '') : gateway === '172.30.0.13';
  return { ...network, routes: network.routes.filter((route) => !isFar(route)) };
};

const OTHER_L2: World = {
  node: (node, index) => (index === 2 ? { ...node, ipv4: '172.31.0.14' } : node),
  network: (network, index) => ({
    ...network,
    asked: index === 2 ? new Map() : new Map([['172.31.0.14', { dev: 'eth0', gateway: '172.30.0.1' }]]),
  }),
};

type Failure = {
  readonly what: string;
  /** Before anything is changed. */
  readonly stopped: () => readonly string[];
  readonly wantStopped: readonly string[];
  /** Had it happened all the same. */
  readonly caught: () => readonly string[];
  readonly wantCaught: readonly string[];
};

const nothing = (): readonly string[] => [];

const FAILURES: readonly Failure[] = [
  {
    what: 'native without ipv4NativeRoutingCIDR: helm takes it, agents crash',
    stopped: () => {
      const { 'ipv4-native-routing-cidr': _, ...after } = RENDERED;
      return rendering(after);
    },
    wantStopped: ['plan ipv4-native-routing-cidr'],
    caught: () => roll({ ...CRASHING, createdMs: 2_000 }, { isOurs: true }),
    wantCaught: ['roll failed'],
  },
  {
    what: 'a repaired ConfigMap does not heal agents that crash on the old one',
    stopped: nothing,
    wantStopped: [],
    caught: () => roll({ ...CRASHING, createdMs: 500 }),
    wantCaught: ['roll replace'],
  },
  {
    what: 'routingMode=natve: helm takes it, agents crash',
    stopped: () => rendering({ ...RENDERED, 'routing-mode': 'natve' }),
    wantStopped: ['plan routing-mode'],
    caught: () => roll({ ...CRASHING, createdMs: 2_000 }, { isOurs: true }),
    wantCaught: ['roll failed'],
  },
  {
    what: 'no direct routes and nobody else who routes: all Ready and healthy, traffic dead',
    stopped: () => preflight({ facts: { wanted: { routes: 'external' } } }),
    wantStopped: ['preflight external-routes'],
    caught: () => proof({ networks: THREE.map(noRoutes), probes: DEAD }),
    wantCaught: ['verify pod-routes', 'verify pair-probe'],
  },
  {
    what: 'a node in another L2: all Ready and healthy, no route to its pods',
    stopped: () => preflight(OTHER_L2),
    wantStopped: ['preflight direct-routes'],
    caught: () => proof({ networks: THREE.map(inOtherL2), probes: DEAD }),
    wantCaught: ['verify pod-routes', 'verify pair-probe'],
  },
  {
    what: 'a wrong CIDR: full speed, every packet with the address of its node',
    stopped: () => preflight({ facts: { wanted: { cidr: WRONG } } }),
    wantStopped: ['preflight native-cidr'],
    caught: () => {
      const agents = THREE.map((at) => anAgent(`node${at + 1}`, { ...NATIVE, nativeCidr: WRONG }));
      const config = { ...RENDERED, 'ipv4-native-routing-cidr': WRONG };
      return proof({ agents, config, probes: SNAT }, { ...TARGET, cidr: WRONG });
    },
    wantCaught: ['verify exclusion-cidr', 'verify pair-probe'],
  },
  {
    what: 'helm upgrade alone: the ConfigMap says native, every agent tunnels on',
    stopped: nothing,
    wantStopped: [],
    caught: () => [
      ...roll({}),
      ...proof({ agents: THREE.map((at) => anAgent(`node${at + 1}`)), networks: THREE.map(aNetwork) }),
    ],
    wantCaught: [
      'roll replace',
      'verify routing-mode',
      'verify tunnel-device',
      'verify pod-routes',
      'verify exclusion-cidr',
    ],
  },
  {
    what: 'one node left in the tunnel: all healthy, its traffic with the others dead',
    stopped: nothing,
    wantStopped: [],
    caught: () =>
      proof({
        agents: THREE.map((at) => anAgent(`node${at + 1}`, at === 2 ? {} : NATIVE)),
        networks: THREE.map((at) => (at === 2 ? aNetwork(at) : aNativeNetwork(at))),
        probes: DEAD,
      }),
    wantCaught: [
      'verify routing-mode',
      'verify tunnel-device',
      'verify pod-routes',
      'verify exclusion-cidr',
      'verify pair-probe',
    ],
  },
  {
    what: 'tunnel=disabled: rejected by the chart since 1.15',
    stopped: () =>
      helm(
        'Error: UPGRADE FAILED: execution error at (cilium/templates/validate.yaml:41:5): tunnel was deprecated in v1.14 and has been removed in v1.15.',
      ),
    wantStopped: ['plan helm Rejected'],
    caught: nothing,
    wantCaught: [],
  },
  {
    what: 'a release that helm does not know',
    stopped: () => helm('Error: UPGRADE FAILED: "nope" has no deployed releases'),
    wantStopped: ['plan helm NotFound'],
    caught: nothing,
    wantCaught: [],
  },
];

describe('what went wrong on a real cluster', () => {
  const rows: string[] = [];
  afterAll(() => {
    process.stdout.write(rows.join(''));
  });

  it.each(FAILURES)('$what', ({ what, stopped, wantStopped, caught, wantCaught }) => {
    const found = { stopped: stopped(), caught: caught() };
    const cell = (names: readonly string[]): string => (names.length === 0 ? '·' : names.join(', '));
    rows.push(`${what.padEnd(88)} | ${cell(found.stopped).padEnd(30)} | ${cell(found.caught)}\n`);

    expect(found).toEqual({ stopped: wantStopped, caught: wantCaught });
    expect([...found.stopped, ...found.caught]).not.toEqual([]);
  });
});

describe('what looked like a failure on a real cluster and was none', () => {
  it('cluster health lags by minutes, and is neither asked nor believed', () => {
    const unhealthy = THREE.map((at) => {
      const agent = anAgent(`node${at + 1}`, NATIVE);
      const { answer } = agent;
      if (answer.state !== 'answered') throw new Error('it answers');
      const view = { ...answer.view, state: 'Warning', troubles: ['Cluster health: 0/0 reachable'] };
      return { ...agent, answer: { ...answer, view } };
    });

    expect(proof({ agents: unhealthy })).toEqual([]);
    // The other way round: everybody says Ok, and nothing gets through.
    expect(proof({ probes: DEAD })).toEqual(['verify pair-probe']);
  });

  it('operators restart for other reasons, and no proof asks them', () => {
    const restarting: World = { installation: { operator: { name: 'cilium-operator', desired: 2, ready: 1 } } };

    expect(preflight(restarting)).toEqual([]);
    expect(verify(nativeFacts(), TARGET).filter(({ id }) => id.includes('operator'))).toEqual([]);
  });

  it('an agent that has just been replaced is waited for, not judged', () => {
    const starting = { ready: false, createdMs: 2_000, answer: CRASHING.answer };

    expect(roll(starting, { isOurs: true })).toEqual(['roll wait']);
    expect(roll({ ...CRASHING, restarts: 1, createdMs: 2_000 }, { isOurs: true })).toEqual(['roll wait']);
  });
});

describe('a healthy switch', () => {
  it('is stopped by none of these, and proven', () => {
    expect([...preflight({}), ...rendering(RENDERED), ...proof({})]).toEqual([]);
    expect(nativeRoutingValues({ ...VERSION, cidr: CIDR, routes: 'auto' })).toMatchObject({
      values: { routingMode: 'native', tunnel: null },
    });
  });
});
