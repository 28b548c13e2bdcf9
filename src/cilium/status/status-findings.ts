import type { Finding, Mark } from '../../core/run/report.ts';
import type { StatusData } from '../facts/status-data.ts';
import { agentFindings } from './findings-agents.ts';
import { surroundingFindings } from './findings-surroundings.ts';

/** What needs a look, worst first; of equal weight, what stops traffic before what only might. */
export function findingsOf(data: StatusData): readonly Finding[] {
  if (data.installation === undefined) return [];
  const all = [...agentFindings(data, data.installation), ...surroundingFindings(data, data.installation)];
  return all.sort((left, right) => WEIGHT[left.mark] - WEIGHT[right.mark]);
}

const WEIGHT = { fail: 0, warn: 1, unknown: 2, running: 3, none: 4, ok: 5 } as const satisfies Record<Mark, number>;
