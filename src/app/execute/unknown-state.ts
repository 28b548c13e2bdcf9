import type { Outcome } from '../../core/run/outcome.ts';
import type { Run } from '../../core/run/run.ts';

/** Nobody can know: the change had begun, and whoever made it did not come back with an end. */
export function unknownState(run: Run, why: string, now: Date): Outcome {
  const { cluster, run: id } = run.request;
  const proven = run.steps.findLast((step) => step.state === 'ok' || step.state === 'warn');
  const under = run.steps.findLast((step) => step.state === 'running' || step.state === 'interrupted');
  const lastProven = proven === undefined ? 'nothing was written before it' : withDetail(proven);
  const busy = under === undefined ? '' : `; it was busy with: ${under.title}`;
  return {
    type: 'unknown',
    since: now.toISOString(),
    lastProven: `${lastProven}${busy}`.slice(0, 1_000),
    why: why.slice(0, 1_000),
    report: {
      mark: 'unknown',
      headline: `${cluster}: state unknown`,
      facts: [],
      findings: [],
      sections: [],
      next: [
        { label: 'Verify now', command: `verify ${cluster}` },
        { label: 'Continue', command: `continue ${id}` },
        { label: 'Roll back', command: `rollback ${cluster}` },
      ],
      asOf: now.toISOString(),
    },
  };
}

function withDetail({ title, detail }: Run['steps'][number]): string {
  return detail === undefined ? title : `${title} (${detail})`;
}
