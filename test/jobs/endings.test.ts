import { describe, expect, it } from 'vitest';
import { endings } from '../../jobs/changing/endings.ts';
import type { Seen, Switching } from '../../jobs/changing/switching.ts';
import { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const work = SwitchWork.parse({
  schemaVersion: 1,
  from: { mode: 'tunnel', protocol: 'vxlan' },
  to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  release: { namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.19.0' },
  agents: { namespace: 'kube-system', daemonSet: 'cilium' },
  upgrades: true,
  set: { routingMode: 'native' },
  old: { routingMode: null },
  atOnce: 2,
  rollsByItself: false,
  estimateS: { min: 20, max: 40 },
});

function unknownAfter(seen: Partial<Seen>) {
  const clock = createFakeClock();
  const context = { run: 'run-aaaaaa', clock, approvedBy: [], by: 'U01DANA' };
  const switching = {
    ...{ context, work, cluster: 'prod', startedMs: clock.now().getTime() },
    seen: { touched: false, proven: [], revision: undefined, sinceMs: undefined, ...seen },
  };
  // Endings ask for no more of a context than is here.
  return endings(switching as unknown as Switching).unknown('prod does not answer').outcome;
}

describe('a switch whose end nobody knows', () => {
  it.each([
    { when: 'nothing was touched', seen: {}, want: 'the state before the change' },
    {
      when: 'agents were replaced',
      seen: { touched: true, proven: ['1 of 3 agents', '3 of 3 agents'] },
      want: '3 of 3 agents',
    },
    {
      when: 'the worker took it over and saw nothing',
      seen: { touched: true },
      want: 'nothing since another worker took over: see the steps',
    },
  ])('says what was proven last: $when', ({ seen, want }) => {
    expect(unknownAfter(seen)).toMatchObject({ type: 'unknown', lastProven: want });
  });
});
