import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterName } from '../../src/core/ids.ts';
import type { Glance, Home, HomeRun } from '../../src/core/ports/home.ts';
import { validateView } from '../../src/rehearsal/slack/blocks/view.ts';
import { renderHome, renderHomeNotice } from '../../src/render/home.ts';
import { replyView } from '../../src/render/home-reply.ts';
import type { MessageBlock } from '../../src/render/slack-message.ts';
import { anyText } from './hostile.ts';
import { aRun, at, change, dana, sam, started } from './runs.ts';
import { expectGoodMessage } from './slack-rules.ts';

const prod = ClusterName.parse('prod');

function waiting(text: string) {
  const plan = {
    title: text.slice(0, 80) || 'x',
    effect: [text.slice(0, 400)],
    changes: [],
    checks: [],
    wayBack: text.slice(0, 400),
    pinned: {},
    work: {},
  };
  const planned = {
    type: 'planned' as const,
    at: at(2),
    attempt: 1,
    plan,
    digest: 'a'.repeat(64),
    approvals: 2,
    expiresAt: at(900),
  };
  return aRun([started, planned], { ...change, text });
}

function aHome(text: string): Home {
  const open = waiting(text);
  if (open.now.state !== 'awaiting-approval') throw new Error('it waits');
  const { request } = open;
  const glance: Glance = {
    run: request.run,
    cluster: prod,
    command: 'status',
    typed: text,
    by: dana,
    origin: request.origin,
    at: at(0),
    changedAt: at(1),
    voters: [sam],
    mark: 'warn',
    words: text,
  };
  const many: readonly HomeRun[] = Array.from({ length: 6 }, () => glance);
  const cluster = {
    name: prod,
    frozen: { by: sam, at: at(0), reason: text, everywhere: true },
    status: glance,
    open: [{ ...glance, open }],
    may: { cluster: prod, jobs: [], approvers: { users: [], groups: [] }, approves: true },
  };
  return {
    now: new Date(at(10)),
    clusters: Array.from({ length: 12 }, () => cluster),
    moreClusters: 3,
    votes: Array.from({ length: 5 }, () => ({
      run: open,
      waiting: open.now as Extract<typeof open.now, { state: 'awaiting-approval' }>,
    })),
    mine: many,
    recent: many,
  };
}

describe('the App Home', () => {
  it('is harmless and within limits, whatever people typed and clusters said', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const view = renderHome(aHome(text), '/cilium');

        expect(view.blocks.length).toBeLessThan(50);
        expect(validateView({ ...view }, 'home')).toEqual([]);
        // A part at a time: the limit on a whole message is not one of a Home.
        for (const block of view.blocks.filter(({ type }) => type !== 'divider'))
          expectGoodMessage({ text: 'one block', blocks: [block as MessageBlock] });
      }),
      { numRuns: 30 },
    );
  });

  it('links to threads and to nothing else', () => {
    const home = aHome('status');
    const linked = (url: string) =>
      JSON.stringify(renderHome({ ...home, mine: [{ ...(home.mine[0] as HomeRun), url }] }, '/cilium'));

    expect(linked('https://x.slack.com/archives/C1/p2?thread_ts=1.2&cid=C1')).toContain(
      '<https://x.slack.com/archives/C1/p2?thread_ts=1.2&amp;cid=C1|thread>',
    );
    expect(linked('https://x/|<!channel>')).not.toContain('<!channel>');
    expect(linked('javascript:alert(1)')).not.toContain('javascript');
  });

  it('says in a modal what came of a click, with the steps that are possible there', () => {
    const next = [
      { label: 'Release', command: 'unhold run-7f3k2q' },
      { label: 'Unfreeze', command: 'unfreeze prod' },
    ];
    const view = replyView({ mark: 'warn', text: 'Not counted', lines: [], next }, '/cilium');

    expect(validateView({ ...view }, 'modal')).toEqual([]);
    expect(JSON.stringify(view.blocks)).toContain('/cilium unfreeze prod');
    expect(JSON.stringify(view.blocks)).not.toContain('"value":"unfreeze prod"');
    expect(JSON.stringify(view.blocks)).toContain('"action_id":"cilium-home:0","value":"unhold run-7f3k2q"');
  });

  it('is polite to strangers', () => {
    expect(validateView({ ...renderHomeNotice('This bot is used by others.') }, 'home')).toEqual([]);
  });
});
