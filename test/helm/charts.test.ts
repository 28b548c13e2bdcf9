import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseVersion } from '../../src/cilium/facts/versions.ts';
import { assertConfigMap, keptValues, nativeRoutingValues, routingKeys } from '../../src/cilium/switch/helm-values.ts';
import type { HelmValues } from '../../src/core/ports/change-ports.ts';
import { configMapData } from '../../src/core/run/manifest.ts';
import { runHelm } from '../../src/helm/helm-binary.ts';
import { valuesWith } from '../../src/helm/values-file.ts';
import { EVERY } from '../support/every.ts';
import { CHARTS, HELMS, inFolder } from './real-helms.ts';

/** Every released chart at hand, rendered by the real helm: which values are chosen, and what they make of the config. */

const SIGNAL = new AbortController().signal;
const CIDR = '10.0.0.0/16';
/** Each render takes half a second of CPU: the gate (CI=1) renders every chart, a run at the desk these. */
const AT_THE_DESK = ['1.14.2', '1.16.19', '1.20.0'];
/** If helm 3 differs at all then not by chart. */
const HELM3_AT_THE_DESK = ['1.20.0'];
const KEPT = { operator: { replicas: 1 }, k8sServiceHost: '172.30.0.1', k8sServicePort: 6443 };

type Config = Readonly<Record<string, unknown>>;
type Chart = (typeof CHARTS)[number];

async function render(helm: string, chart: Chart, config: Config): Promise<Record<string, string>> {
  return inFolder(async (folder) => {
    writeFileSync(join(folder, 'values.json'), JSON.stringify(config));
    const args = ['template', 'cilium', chart.path, '--namespace=kube-system', '--values=values.json'];
    const call = { binary: helm, args, folder, env: process.env, deadlineMs: 30_000, maxOutputBytes: 16_000_000 };
    const { exitCode, stdout, stderr } = await runHelm(call, SIGNAL);
    if (exitCode !== 0) throw new Error(stderr);
    return { ...configMapData(stdout, 'cilium-config') };
  });
}

/** What people have among their values before the change: the tunnel spelled out (cilium-cli does), an old value. */
function configsOf(version: string): readonly (readonly [string, Config])[] {
  const { minor = 0 } = parseVersion(version) ?? {};
  const old = { tunnel: 'vxlan', nativeRoutingCIDR: '10.99.0.0/16' };
  const spelled = { routingMode: 'tunnel', tunnelProtocol: 'vxlan', tunnel: '' };
  return [
    ['no routing values', KEPT],
    ['the tunnel spelled out', { ...KEPT, ...(minor < 14 ? old : spelled) }],
  ];
}

function native(appVersion: string): HelmValues {
  const chosen = nativeRoutingValues({ appVersion, cidr: CIDR, routes: 'auto' });
  if (chosen.type !== 'values') throw new Error(chosen.why);
  return chosen.values;
}

const charts = CHARTS.flatMap((chart) =>
  configsOf(chart.version).map(([situation, config]) => ({ chart, version: chart.version, situation, config })),
);

function isPlayed(helm: string, version: string): boolean {
  if (helm === 'helm') return EVERY || AT_THE_DESK.includes(version);
  return (EVERY ? AT_THE_DESK : HELM3_AT_THE_DESK).includes(version);
}

for (const { name, path } of HELMS) {
  if (path === undefined || CHARTS.length === 0) {
    const why = path === undefined ? `no ${name} here` : 'no ../shared/charts here';
    // Seen in the last lines of a run: what was not played here, and what it needs.
    describe.skip(`charts rendered with ${name}: ${why}`, () => it('', () => undefined));
    continue;
  }
  describe(`charts rendered with ${name}`, () => {
    it.each(charts.filter(({ version }) => isPlayed(name, version)))(
      'go native on $version with $situation',
      async ({ chart, version, config }) => {
        const set = native(version);

        const before = await render(path, chart, config);
        const after = await render(path, chart, valuesWith(config, set));

        expect(Object.keys(before).length).toBeGreaterThan(40);
        expect(assertConfigMap(before, after, { appVersion: version, cidr: CIDR, routes: 'auto' })).toEqual([]);
      },
      60_000,
    );

    it.each([
      ['1.13.4', { routingMode: 'native' }],
      ['1.15.4', { tunnel: 'disabled' }],
      ['1.19.6', { routesMode: 'native' }],
    ])(
      'do not go native unnoticed on %s with %o',
      async (version, wrong) => {
        const chart = CHARTS.find((each) => each.version === version);
        if (chart === undefined) throw new Error(`no chart ${version}`);

        const after = await render(path, chart, { ...wrong, autoDirectNodeRoutes: true, ipv4NativeRoutingCIDR: CIDR });

        const problems = assertConfigMap(after, after, { appVersion: version, cidr: CIDR, routes: 'auto' });
        expect(problems).toEqual([expect.stringContaining(`${routingKeys(version).mode} would be`)]);
      },
      60_000,
    );
  });
}

// Seen in the last lines of a run: what was not rendered here.
const left = EVERY ? [] : charts.filter(({ version }) => !AT_THE_DESK.includes(version));
if (left.length > 0)
  describe('every other chart, rendered with helm (with CI=1)', () => {
    for (const { version, situation } of left) it.skip(`${version} with ${situation}`);
  });

describe('the values of the way back', () => {
  it.each(charts)('are the old ones on $version with $situation', ({ version, config }) => {
    const set = native(version);
    const back = keptValues(config, Object.keys(set));

    const again = valuesWith(valuesWith(config, set), back);

    expect(again).toEqual(config);
  });
});
