import type { ContextBlock } from '@slack/types';
import type { Run } from '../core/run/run.ts';
import { personMrkdwn, timeMrkdwn } from './lines.ts';

/** Who asked, on which cluster, which run, when: on every message (UX rule 3). Ids only, validated when they came in. */
export function attribution(run: Run, more: readonly string[] = []): { block: ContextBlock; fallback: string } {
  const { by, cluster, run: id, at } = run.request;
  const parts = [personMrkdwn(by), cluster, id, `asked ${timeMrkdwn(at, '{date_short_pretty} {time}')}`, ...more];
  return {
    block: { type: 'context', elements: [{ type: 'mrkdwn', text: parts.join(' · '), verbatim: true }] },
    fallback: parts.join(' · '),
  };
}
