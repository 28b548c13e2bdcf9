import { describe, expect, it } from 'vitest';
import { formValues, initialValue, missingInputs } from '../../../src/rehearsal/slack/page/element-values.ts';
import {
  channelMessages,
  EMPTY_STATE,
  reducePage,
  threadMessages,
} from '../../../src/rehearsal/slack/page/page-state.ts';
import { formatRoute, localHref, parseRoute } from '../../../src/rehearsal/slack/page/route.ts';
import { formatSlackDate, since } from '../../../src/rehearsal/slack/page/slack-date.ts';
import { suggest, toOutgoing } from '../../../src/rehearsal/slack/page/suggestions.ts';
import type { UiEvent } from '../../../src/rehearsal/slack/ui-protocol.ts';
import { aMessage, aWorkspace, BOT, DANA, LEE, OPS } from './a-workspace.ts';

describe('composer suggestions', () => {
  const { commands, users } = aWorkspace();
  const inserts = (typed: string) => suggest(typed, commands, 'cilium').map(({ insert }) => insert);

  it.each([
    { when: 'a slash', typed: '/', want: 4 },
    { when: 'part of an example', typed: '/cilium stat', want: 2 },
    { when: 'the same in capitals', typed: '/CILIUM STAT', want: 2 },
    { when: 'the bot mentioned', typed: '@cil', want: 4 },
    { when: 'an ordinary sentence', typed: 'status?', want: 0 },
    { when: 'a second line', typed: '/cilium\n', want: 0 },
    { when: 'nothing', typed: '', want: 0 },
  ])('$when', ({ typed, want }) => expect(inserts(typed)).toHaveLength(want));

  it('does not suggest what is typed in full', () => {
    expect(inserts('/cilium status')).toEqual(['/cilium status prod --nodes all']);
  });

  it('writes examples once, with or without the command in them', () => {
    const bare = [{ command: '/cilium', usageHint: '', examples: ['status'] }];

    expect(suggest('/cilium s', bare, '')).toEqual([{ insert: '/cilium status', hint: '' }]);
  });

  it.each([
    {
      when: 'a command',
      typed: '/cilium status prod ',
      want: { type: 'command', command: '/cilium', text: 'status prod' },
    },
    { when: 'a bare command', typed: '/cilium', want: { type: 'command', command: '/cilium', text: '' } },
    { when: 'a mention', typed: '@cilium status', want: { type: 'message', text: `<@${BOT}> status` } },
    { when: 'a mention of nobody', typed: '@nobody hi', want: { type: 'message', text: '@nobody hi' } },
    { when: 'a mail address', typed: 'dana@cilium.test', want: { type: 'message', text: 'dana@cilium.test' } },
    { when: 'typed markup', typed: 'a <!channel> & b', want: { type: 'message', text: 'a &lt;!channel&gt; &amp; b' } },
    { when: 'a path', typed: '/etc/hosts is odd', want: { type: 'message', text: '/etc/hosts is odd' } },
  ])('sends $when', ({ typed, want }) => expect(toOutgoing(typed, users)).toEqual(want));
});

describe('page state', () => {
  const root = aMessage();
  const reply = aMessage({ threadTs: root.ts });
  const secret = aMessage({ ephemeralTo: LEE });
  const opened = reducePage(EMPTY_STATE, aWorkspace({ messages: [reply, secret, root] }));
  const workspaceAfter = (...events: UiEvent[]) => {
    const { workspace } = events.reduce(reducePage, opened);
    if (!workspace) throw new Error('the state lost its snapshot');
    return workspace;
  };

  it('shows an ephemeral to its reader alone, and replies only in the thread', () => {
    expect(channelMessages(workspaceAfter(), OPS, DANA)).toEqual([root]);
    expect(channelMessages(workspaceAfter(), OPS, LEE)).toEqual([root, secret]);
  });

  it('finds a thread by its parent and by any reply', () => {
    expect(threadMessages(workspaceAfter(), root, DANA)).toEqual([root, reply]);
    expect(threadMessages(workspaceAfter(), reply, DANA)).toEqual([root, reply]);
  });

  it('replaces an edited message where it stands', () => {
    const edited = { ...root, text: 'edited' };

    expect(channelMessages(workspaceAfter({ type: 'message', message: edited }), OPS, DANA)).toEqual([edited]);
  });

  it('removes a deleted message', () => {
    const deleted: UiEvent = { type: 'message-deleted', channel: OPS, ts: root.ts };

    expect(channelMessages(workspaceAfter(deleted), OPS, DANA)).toEqual([]);
  });

  it('forgets the errors of a view once the stack changes', () => {
    const refused = reducePage(opened, { type: 'view-errors', user: DANA, viewId: 'V1', errors: { a: 'no' } });

    expect(refused.viewErrors).toEqual({ V1: { a: 'no' } });
    expect(reducePage(refused, { type: 'views', user: DANA, stack: [] }).viewErrors).toEqual({});
  });
});

describe('form values', () => {
  const option = { text: { type: 'plain_text', text: 'Auto' }, value: 'auto' };
  const input = (blockId: string, element: Record<string, unknown>, optional = false) => ({
    type: 'input',
    block_id: blockId,
    optional,
    element: { action_id: 'v', ...element },
  });

  it.each([
    { type: 'plain_text_input', given: { initial_value: 'x' }, want: { value: 'x' } },
    { type: 'number_input', given: {}, want: { value: null } },
    { type: 'static_select', given: { initial_option: option }, want: { selected_option: option } },
    { type: 'multi_users_select', given: {}, want: { selected_users: [] } },
    { type: 'checkboxes', given: { initial_options: [option] }, want: { selected_options: [option] } },
    { type: 'datepicker', given: { initial_date: '2026-11-23' }, want: { selected_date: '2026-11-23' } },
  ])('submits what $type starts with', ({ type, given, want }) => {
    expect(initialValue({ type, ...given })).toEqual({ type, ...want });
  });

  it('submits touched and untouched elements, but no buttons', () => {
    const touched = { a: { v: { type: 'plain_text_input', value: 'typed' } } };
    const button = { type: 'actions', block_id: 'c', elements: [{ type: 'button', action_id: 'go' }] };
    const blocks = [input('a', { type: 'plain_text_input' }), input('b', { type: 'radio_buttons' }), button];

    expect(formValues(blocks, touched)).toEqual({
      a: { v: { type: 'plain_text_input', value: 'typed' } },
      b: { v: { type: 'radio_buttons', selected_option: null } },
    });
  });

  it('asks for required inputs alone', () => {
    const blocks = [input('a', { type: 'plain_text_input' }), input('b', { type: 'checkboxes' }, true)];

    expect(Object.keys(missingInputs(blocks, formValues(blocks, {})))).toEqual(['a']);
  });
});

describe('routes', () => {
  it.each([
    { hash: '', want: { type: 'list' } },
    { hash: '#/home', want: { type: 'home' } },
    { hash: '#/C1', want: { type: 'channel', channel: 'C1' } },
    { hash: '#/C1/p1763859600000100', want: { type: 'thread', channel: 'C1', ts: '1763859600.000100' } },
    { hash: '#/C1/nonsense', want: { type: 'channel', channel: 'C1' } },
  ])('reads $hash and writes it again', ({ hash, want }) => {
    const route = parseRoute(hash);

    expect(route).toEqual(want);
    expect(parseRoute(formatRoute(route))).toEqual(want);
  });

  it('keeps permalinks of this workspace in the page and leaves other addresses alone', () => {
    expect(localHref('http://127.0.0.1:1/archives/C1/p1763859600000100', '127.0.0.1:1')).toBe('#/C1/p1763859600000100');
    expect(localHref('https://acme.slack.com/archives/C1/p1', '127.0.0.1:1')).toBe(
      'https://acme.slack.com/archives/C1/p1',
    );
  });
});

describe('dates', () => {
  const reader = { now: new Date('2026-11-23T12:00:00Z'), timeZone: 'Europe/Berlin' };

  it.each([
    { format: '{date_num} {time_secs}', at: '2026-11-23T11:30:05Z', want: '2026-11-23 12:30:05' },
    { format: '{date_short_pretty} at {time}', at: '2026-11-22T23:30:00Z', want: 'Today at 00:30' },
    { format: '{date_pretty}', at: '2026-11-22T12:00:00Z', want: 'Yesterday' },
    { format: '{date_short}', at: '2026-02-01T12:00:00Z', want: 'Feb 1, 2026' },
    { format: '{ago}', at: '2026-11-23T11:57:00Z', want: '3 minutes ago' },
    { format: '{nonsense}', at: '2026-11-23T11:57:00Z', want: undefined },
  ])('$format is $want', ({ format, at, want }) => {
    expect(formatSlackDate(new Date(at).getTime() / 1_000, format, reader)).toBe(want);
  });

  it.each([
    { when: 'a moment ahead of the page', at: '2026-11-23T12:00:07Z', want: 'just now' },
    { when: 'seconds ago', at: '2026-11-23T11:59:30Z', want: 'just now' },
    { when: 'an hour ago', at: '2026-11-23T11:00:00Z', want: '1 hour ago' },
  ])('says $want of what happened $when', ({ at, want }) => expect(since(new Date(at), reader)).toBe(want));

  it('falls back where there is no number', () => {
    expect(formatSlackDate(Number.NaN, '{time}', reader)).toBeUndefined();
  });
});
