import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { answers } from '../../src/app/answers/registry.ts';
import { Actor } from '../../src/core/actor.ts';
import { cardReply, helpReply } from '../../src/core/replies/help.ts';
import type { Reply } from '../../src/core/replies/reply.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { renderReplyText } from '../../src/render/reply-terminal.ts';
import { expectGoodMessage } from '../render/slack-rules.ts';
import { aWorld, lee, replied } from './world.ts';

const kim = Actor.parse({ user: 'U04KIM', team: 'T01HOME' });
const CONFIG = {
  clusters: [{ name: 'prod' }, { name: 'stage' }, { name: 'locked' }],
  policy: {
    rules: [
      { risks: ['probe'], channels: ['C09BENCH'], approvals: 0 },
      {
        clusters: ['prod'],
        request: { users: ['U01DANA', 'U02LEE'] },
        approve: { groups: ['S0PLATFORM'] },
        approvals: 2,
        reason: 'required',
      },
      { clusters: ['stage'], approvals: 0 },
    ],
  },
};

function theWorld(config: unknown = CONFIG) {
  const world = aWorld({ jobs, config });
  world.members.set('S0PLATFORM', ['U02LEE']);
  return world;
}

/** The lines of a part, from its title to the next. */
function part(reply: Reply, title: string): readonly string[] {
  const from = reply.lines.findIndex((line) => line.title === title);
  const after = reply.lines.findIndex((line, at) => at > from && line.title !== undefined);
  return reply.lines
    .slice(from, after < 0 ? undefined : after)
    .map(({ code = '', text = '' }) => `${code} ${text}`.trim());
}

describe('help, for who asks and where', () => {
  it('is grouped, and has every command once', async () => {
    const { lines } = await replied(theWorld(), 'help');

    expect(lines.flatMap(({ title }) => title ?? [])).toEqual([
      'Look',
      'Change',
      'Approve',
      'Measure',
      'Manage',
      'More',
    ]);
    for (const { words } of [...jobs, ...answers]) {
      const typed = `/cilium ${words[0]?.join(' ')}`;
      const found = lines.filter(({ code }) => code === typed || code?.startsWith(`${typed} `));
      expect(found, typed).toHaveLength(1);
    }
  });

  it('says once what holds for all changes, cluster by cluster', async () => {
    const lines = part(await replied(theWorld(), 'help'), 'Change');

    expect(lines.slice(0, 4)).toEqual([
      '',
      '✅ prod: you may ask; 2 approvals by S0PLATFORM; with a reason; within 30m',
      '✅ stage: you may ask; at once, without approval',
      '⚠️ locked: nobody may: no rule of the policy allows it',
    ]);
    expect(lines.slice(4).every((line) => line.startsWith('/cilium '))).toBe(true);
  });

  it('says it with each command where they differ', async () => {
    const [, prod] = CONFIG.policy.rules;
    const only = { ...prod, commands: ['rollback'] };
    const lines = part(
      await replied(theWorld({ clusters: [{ name: 'prod' }], policy: { rules: [only] } }), 'help'),
      'Change',
    );

    expect(lines).toContain('⚠️ prod: nobody may: no rule of the policy allows it');
    expect(lines).toContain('✅ prod: you may ask; 2 approvals by S0PLATFORM; with a reason; within 30m');
  });

  it.each([
    {
      who: 'one who may not ask',
      by: kim,
      title: 'Change',
      want: '⚠️ prod: you are not among those who may ask',
    },
    {
      who: 'one whose approval counts',
      by: lee,
      title: 'Approve',
      want: '✅ prod: your approval counts, except on what you asked for yourself',
    },
    { who: 'one whose does not', by: kim, title: 'Approve', want: '⚠️ prod: only S0PLATFORM approve; anybody may hold' },
    { who: 'one in another channel', by: lee, title: 'Measure', want: '⚠️ prod, stage, locked: not in this channel' },
  ])('says to $who: $want', async ({ by, title, want }) => {
    expect(part(await replied(theWorld(), 'help', { by }), title)).toContain(want);
  });

  it('is there when a group cannot be looked up: it has nobody then', async () => {
    const world = theWorld();
    world.members.clear();

    expect(part(await replied(world, 'help', { by: lee }), 'Approve')).toContain(
      '⚠️ prod: only S0PLATFORM approve; anybody may hold',
    );
  });

  it('of one command says what is true for the caller', async () => {
    const reply = await replied(theWorld(), 'help enable', { by: kim });

    expect(reply.lines.filter(({ label }) => label === 'You').map(({ text }) => text)).toContain(
      '⚠️ prod: you are not among those who may ask',
    );
  });

  it('has nothing for people of other organisations, who else may approve least of all', async () => {
    const reply = await replied(theWorld(), 'help', { by: Actor.parse({ user: 'U09X', external: true }) });

    expect(reply).toEqual({
      mark: 'none',
      text: 'This bot is used by the people of another organisation',
      lines: [],
      next: [],
    });
  });

  it.each(['help', ...jobs.map((job) => `help ${job.words[0]?.join(' ')}`)])('%s fits Slack, whole', async (line) => {
    const message = renderReply(await replied(theWorld(), line));

    expect(message.text).not.toContain('not shown');
    expectGoodMessage({
      ...message,
      text: message.text.replaceAll('<!subteam^S0PLATFORM>', ''),
      blocks: JSON.parse(JSON.stringify(message.blocks).replaceAll('<!subteam^S0PLATFORM>', '')),
    });
  });

  it.each([
    { changes: true, want: '--yes <digest> applies it' },
    { changes: false, want: 'chatops.yaml allows no changes from the terminal' },
  ])('in a terminal says that $want', ({ changes, want }) => {
    const caller = { type: 'terminal' as const, changes };

    expect(renderReplyText(helpReply(jobs, 'cilium-chatops run', caller), { columns: 100, color: false })).toContain(
      want,
    );
    for (const job of jobs.filter(({ risk }) => risk === 'change'))
      expect(JSON.stringify(cardReply(job, 'cilium-chatops run', caller))).toContain(want);
  });
});
