import { describe, expect, it } from 'vitest';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { takeOver } from '../../src/cilium/switch/take-over.ts';

const WORK: SwitchWork = {
  schemaVersion: 1,
  from: { mode: 'tunnel', protocol: 'vxlan' },
  to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  release: {
    ...{ namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.19.0' },
    chart: { name: 'cilium', version: '1.19.0' },
  },
  agents: { namespace: 'kube-system', daemonSet: 'cilium' },
  upgrades: true,
  set: { routingMode: 'native', ipv4NativeRoutingCIDR: '10.0.0.0/16', tunnel: null, autoDirectNodeRoutes: true },
  old: { routingMode: null, ipv4NativeRoutingCIDR: null, tunnel: "it's", autoDirectNodeRoutes: null },
  atOnce: 2,
  rollsByItself: false,
  estimateS: { min: 12, max: 30 },
};

const forward = takeOver(WORK, 'forward');
const back = takeOver(WORK, 'back');

describe('taking over by hand', () => {
  it.each([
    { way: 'forward', lines: forward },
    { way: 'back', lines: back },
  ])('$way never has Helm reuse values with nulls in them', ({ lines }) => {
    const typed = lines.join('\n');

    expect(typed).not.toMatch(/reuse-values|--set |=null/);
    expect(typed).toContain(
      'helm -n kube-system upgrade cilium cilium/cilium --version 1.19.0 --reset-values -f values-new.json',
    );
  });

  it('sets what is to be set and takes out the rest, of all the values that are there', () => {
    expect(forward).toContain('helm -n kube-system get values cilium -o json > values-now.json');
    expect(forward).toContain(
      `jq '(. // {}) | setpath(["routingMode"]; "native") | setpath(["ipv4NativeRoutingCIDR"]; "10.0.0.0/16") | setpath(["autoDirectNodeRoutes"]; true) | delpaths([["tunnel"]])' values-now.json > values-new.json`,
    );
  });

  it('survives a quote in a value', () => {
    expect(back.find((line) => line.startsWith('jq'))).toContain(`setpath(["tunnel"]; "it'\\''s")`);
  });

  it('offers the revision before first, on the way back alone', () => {
    const rollback = 'helm -n kube-system rollback cilium 27';

    expect(back.indexOf(rollback)).toBeGreaterThan(0);
    expect(back.indexOf(rollback)).toBeLessThan(back.findIndex((line) => line.startsWith('jq')));
    expect(forward).not.toContain(rollback);
  });

  it('knows no revision to go back to where Helm was never asked', () => {
    const restart: SwitchWork = { ...WORK, upgrades: false, set: {} };

    expect(takeOver(restart, 'back').join('\n')).not.toContain('rollback cilium 27');
    expect(takeOver(restart, 'forward').join('\n')).not.toContain('helm');
  });

  it('does not make up where a chart of another name comes from', () => {
    const chart = { name: 'rke2-cilium', version: '1.19.000' };
    const lines = takeOver({ ...WORK, release: { ...WORK.release, chart } }, 'forward').join('\n');

    expect(lines).toContain('upgrade cilium YOUR-REPOSITORY/rke2-cilium --version 1.19.000');
    expect(lines).not.toContain('helm repo add');
  });

  it('replaces the agents and asks every one of them', () => {
    expect(forward).toContain('kubectl -n kube-system rollout restart daemonset/cilium');
    expect(forward.at(-1)).toContain('for pod in $(kubectl -n kube-system get pods -l k8s-app=cilium -o name)');
  });
});
