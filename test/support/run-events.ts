import { randomUUID } from 'node:crypto';
import { Actor } from '../../src/core/actor.ts';
import { type RunId, runIdFor } from '../../src/core/ids.ts';
import type { Log } from '../../src/core/ports/ports.ts';
import { RunEvent, type RunEventOf } from '../../src/core/run/events.ts';

/** Events with valid defaults; what matters to a test is given. */

export const dana = Actor.parse({ user: 'U0DANA', team: 'T0TEAM' });
export const lee = Actor.parse({ user: 'U0LEE', team: 'T0TEAM' });
export const AT = '2026-11-02T10:00:00.000Z';

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function aRunId(): RunId {
  return runIdFor(randomUUID());
}

const DEFAULTS = {
  requested: {
    run: runIdFor('example'),
    requestKey: 'key',
    by: dana,
    origin: { type: 'terminal' },
    cluster: 'prod',
    command: 'status',
    args: {},
    text: 'status prod',
    risk: 'read',
  },
  planned: { attempt: 1, plan: {}, digest: 'sha256:a', approvals: 1, expiresAt: AT },
  voted: { by: lee, verdict: 'approve', digest: 'sha256:a' },
  approved: { digest: 'sha256:a' },
  voided: { attempt: 1, changed: ['a node was added'] },
  applying: { attempt: 1, digest: 'sha256:a' },
  started: { attempt: 1, worker: 'worker-1' },
  'step-started': { attempt: 1, step: 'agents', title: 'Ask the agents' },
  counted: { attempt: 1, step: 'agents', done: 1, total: 3 },
  'step-ended': { attempt: 1, step: 'agents', result: 'ok' },
  artifact: { attempt: 1, name: 'result.json', title: 'Result', mimetype: 'application/json', key: 'k', sizeBytes: 2 },
  'handed-back': { attempt: 1, why: 'the worker was shut down' },
  'cancel-requested': { by: lee },
  ended: { outcome: { type: 'expired' } },
} as const satisfies Record<RunEvent['type'], object>;

export function anEvent<T extends RunEvent['type']>(type: T, given: Partial<RunEventOf<T>> = {}): RunEvent {
  return RunEvent.parse({ type, at: AT, ...DEFAULTS[type], ...given });
}
