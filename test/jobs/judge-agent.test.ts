import { describe, expect, it } from 'vitest';
import type { Agent } from '../../jobs/changing/agent-pods.ts';
import { judgeAgent, type Situation } from '../../jobs/changing/judge-agent.ts';
import { parseAgentStatus, toAgentView } from '../../src/cilium/facts/agent-status.ts';

const SITUATION: Situation = {
  target: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  isOurs: false,
  sinceMs: 1_000,
  rollsByItself: false,
};

function answering(mode: 'Native' | 'Tunnel'): Agent['answer'] {
  const status = parseAgentStatus(JSON.stringify({ routing: { 'inter-host-routing-mode': mode } }));
  if (status === undefined) throw new Error('a status is JSON');
  return { state: 'answered', at: '2026-11-23T15:20:00.000Z', view: toAgentView(status, undefined) };
}

function anAgent(more: Partial<Agent>): Agent {
  const base = { node: 'node1', pod: 'cilium-x', uid: 'u', image: '', restarts: 0, createdMs: 0, terminating: false };
  return { ...base, ready: true, answer: answering('Tunnel'), ...more };
}

const down = { ready: false, answer: { state: 'not-asked', why: 'agent not ready' } } as const;

describe('what is done about an agent', () => {
  it.each([
    { when: 'there is none yet', agent: undefined, more: {}, want: 'wait' },
    { when: 'it runs the target', agent: anAgent({ answer: answering('Native') }), more: {}, want: 'done' },
    { when: 'it runs the old mode', agent: anAgent({}), more: {}, want: 'replace' },
    { when: 'it will be replaced by itself', agent: anAgent({}), more: { rollsByItself: true }, want: 'wait' },
    {
      when: 'it was replaced by itself and still runs the old mode',
      agent: anAgent({ createdMs: 2_000 }),
      more: { rollsByItself: true },
      want: 'replace',
    },
    {
      when: 'it may have been replaced by itself, and nobody knows when',
      agent: anAgent({ createdMs: 2_000 }),
      more: { rollsByItself: true, sinceMs: 0 },
      want: 'wait',
    },
    { when: 'it came back in the old mode', agent: anAgent({}), more: { isOurs: true }, want: 'failed' },
    {
      when: 'it is ready and says nothing',
      agent: anAgent({ answer: { state: 'failed', why: 'x' } }),
      more: {},
      want: 'wait',
    },
    { when: 'it is starting', agent: anAgent({ ...down, createdMs: 2_000 }), more: {}, want: 'wait' },
    { when: 'it was down before the settings', agent: anAgent({ ...down, createdMs: 500 }), more: {}, want: 'replace' },
    { when: 'it is down and nobody knows since when', agent: anAgent(down), more: { sinceMs: 0 }, want: 'wait' },
    {
      when: 'it crashed once, which may be an accident',
      agent: anAgent({ ...down, createdMs: 2_000, restarts: 1, trouble: 'CrashLoopBackOff' }),
      more: {},
      want: 'wait',
    },
    {
      when: 'it crashes again and again',
      agent: anAgent({ ...down, createdMs: 2_000, restarts: 2, trouble: 'CrashLoopBackOff' }),
      more: {},
      want: 'failed',
    },
    {
      when: 'it crashes with the settings of before',
      agent: anAgent({ ...down, createdMs: 500, restarts: 9, trouble: 'CrashLoopBackOff' }),
      more: {},
      want: 'replace',
    },
  ])('$when: $want', ({ agent, more, want }) => {
    expect(judgeAgent(agent, { ...SITUATION, ...more }).type).toBe(want);
  });
});
