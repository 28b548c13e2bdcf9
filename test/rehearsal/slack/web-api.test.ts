import { describe, expect, it } from 'vitest';
import { startSlack } from './harness.ts';

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

describe('tokens and scopes', () => {
  it('refuses what Slack refuses', async () => {
    const { api, slack } = await startSlack({ scopes: ['chat:write'] });
    expect(await api('auth.test', {}, '')).toEqual({ ok: false, error: 'not_authed' });
    expect(await api('auth.test', {}, 'xoxb-wrong')).toEqual({ ok: false, error: 'invalid_auth' });
    expect(await api('auth.test', {}, slack.tokens.appToken)).toMatchObject({ error: 'not_allowed_token_type' });
    expect(await api('apps.connections.open')).toMatchObject({ error: 'not_allowed_token_type' });
    expect(await api('users.info', { user: 'U0DANA0001' })).toEqual({
      ok: false,
      error: 'missing_scope',
      needed: 'users:read',
      provided: 'chat:write',
    });
    expect(await api('chat.appendStream')).toMatchObject({ error: 'unknown_method' });
    expect(await api('toString')).toMatchObject({ error: 'unknown_method' });
  });

  it('names the granted scopes in a header', async () => {
    const { slack } = await startSlack({ scopes: ['chat:write', 'commands'] });
    const headers = { authorization: `Bearer ${slack.tokens.botToken}` };
    const response = await fetch(`${slack.apiUrl}auth.test`, { method: 'POST', headers });
    expect(response.headers.get('x-oauth-scopes')).toBe('chat:write,commands');
  });

  it('takes forms, multipart, JSON and the query, and names bad bodies', async () => {
    const { slack, channel } = await startSlack();
    const authorization = `Bearer ${slack.tokens.botToken}`;
    const form = new FormData();
    form.set('channel', channel('ops'));
    form.set('text', 'multipart');
    const send = async (body: FormData | URLSearchParams | string | undefined, contentType?: string, query = '') => {
      const headers = { authorization, ...(contentType ? { 'content-type': contentType } : {}) };
      const init = { method: 'POST', headers, ...(body === undefined ? {} : { body }) };
      const response = await fetch(`${slack.apiUrl}chat.postMessage${query}`, init);
      const answer = (await response.json()) as { error?: string; message?: { text: string } };
      return answer.message?.text ?? answer.error;
    };
    expect(await send(form)).toBe('multipart');
    expect(await send(new URLSearchParams({ channel: channel('ops'), text: 'form' }))).toBe('form');
    expect(await send(JSON.stringify({ channel: channel('ops'), text: 'json' }), 'application/json')).toBe('json');
    expect(await send(undefined, undefined, `?channel=${channel('ops')}&text=query`)).toBe('query');
    expect(await send('{"channel"', 'application/json')).toBe('invalid_json');
    expect(await send('[]', 'application/json')).toBe('json_not_object');
    expect(await send('--x', 'multipart/form-data; boundary=x')).toBe('invalid_form_data');
  });
});

describe('posting', () => {
  it.each([
    ['an unknown channel', 'C0NOWHERE1', 'channel_not_found'],
    ['a channel by name', '#ops', 'channel_not_found'],
    ['a private channel the bot is not in', 'C0SECPRIV01', 'channel_not_found'],
    ['a public channel the bot is not in', 'C0RANDOM001', 'not_in_channel'],
    ['an archived channel', 'C0ARCHIVE01', 'is_archived'],
    ['an unknown person', 'U0NOBODY001', 'channel_not_found'],
  ])('refuses %s', async (_what, channel, error) => {
    const { api } = await startSlack();
    expect(await api('chat.postMessage', { channel, text: 'x' })).toMatchObject({ ok: false, error });
  });

  it.each([
    ['nothing', {}, 'no_text'],
    ['spaces', { text: '  ' }, 'no_text'],
    ['blocks that are no list', { blocks: '{' }, 'invalid_blocks_format'],
    ['a bad block', { blocks: [{ type: 'nonsense' }] }, 'invalid_blocks'],
    [
      'more than 13,200 characters in blocks',
      { text: 'x', blocks: Array.from({ length: 5 }, () => section('y'.repeat(2_641))) },
      'msg_blocks_too_long',
    ],
    ['an unknown thread', { text: 'x', thread_ts: '1.000001' }, 'thread_not_found'],
    ['malformed metadata', { text: 'x', metadata: { event_type: 'run' } }, 'invalid_metadata_format'],
  ])('refuses %s', async (_what, content, error) => {
    const { api, channel } = await startSlack();
    expect(await api('chat.postMessage', { channel: channel('ops'), ...content })).toMatchObject({ ok: false, error });
  });

  it('takes 13,200 characters in blocks and says where a bad block is', async () => {
    const { api, channel } = await startSlack();
    const blocks = Array.from({ length: 5 }, () => section('y'.repeat(2_640)));
    expect(await api('chat.postMessage', { channel: channel('ops'), text: 'x', blocks })).toMatchObject({ ok: true });
    const bad = await api('chat.postMessage', { channel: channel('ops'), text: 'x', blocks: [{ type: 'nonsense' }] });
    const messages = ['[ERROR] unsupported type: nonsense [json-pointer:/blocks/0/type]'];
    expect(bad['response_metadata']).toEqual({ messages });
  });

  it('cuts text at 40,000 characters and refuses edits above 4,000', async () => {
    const { api, channel } = await startSlack();
    const posted = await api('chat.postMessage', { channel: channel('ops'), text: 'x'.repeat(40_001) });
    expect((posted['message'] as { text: string }).text).toHaveLength(40_000);
    const edit = { channel: channel('ops'), ts: posted['ts'] };
    expect(await api('chat.update', { ...edit, text: 'x'.repeat(4_000) })).toMatchObject({ ok: true });
    expect(await api('chat.update', { ...edit, text: 'x'.repeat(4_001) })).toMatchObject({ error: 'msg_too_long' });
  });

  it('counts replies, refuses replies to replies, keeps the thread of a deleted parent', async () => {
    const { api, messages, channel } = await startSlack();
    const at = { channel: channel('ops') };
    const parent = await api('chat.postMessage', { ...at, text: 'parent' });
    const reply = await api('chat.postMessage', { ...at, text: 'reply', thread_ts: parent['ts'] });
    expect((await messages(at.channel))[0]).toMatchObject({ reply_count: 1, latest_reply: reply['ts'] });
    expect(await api('chat.postMessage', { ...at, text: 'x', thread_ts: reply['ts'] })).toMatchObject({
      error: 'cannot_reply_to_message',
    });
    await api('chat.delete', { ...at, ts: parent['ts'] });
    expect(await api('chat.postMessage', { ...at, text: 'still', thread_ts: parent['ts'] })).toMatchObject({
      ok: true,
    });
  });

  it('keeps metadata and gives it back only when asked', async () => {
    const { api, channel } = await startSlack({ scopes: ['chat:write', 'channels:history'] });
    const metadata = { event_type: 'run', event_payload: { id: 'run-1' } };
    await api('chat.postMessage', { channel: channel('ops'), text: 'x', metadata });
    const asked = await api('conversations.history', { channel: channel('ops'), include_all_metadata: true });
    expect(asked['messages']).toMatchObject([{ metadata }]);
    const plain = await api('conversations.history', { channel: channel('ops') });
    expect((plain['messages'] as object[])[0]).not.toHaveProperty('metadata');
  });
});

describe('editing', () => {
  it('changes only what is there and one’s own', async () => {
    const { api, control, channel, user } = await startSlack();
    const at = { channel: channel('ops'), text: 'x' };
    const { message } = (await control('message', { ...at, user: user('dana') })) as { message: { ts: string } };
    expect(await api('chat.update', { ...at, ts: message.ts })).toMatchObject({ error: 'cant_update_message' });
    expect(await api('chat.delete', { ...at, ts: message.ts })).toMatchObject({ error: 'cant_delete_message' });
    expect(await api('chat.update', { ...at, ts: '1.1' })).toMatchObject({ error: 'message_not_found' });
  });

  it('never reaches an ephemeral, which no history shows', async () => {
    const { api, channel, user } = await startSlack({ scopes: ['chat:write', 'channels:history'] });
    const at = { channel: channel('ops'), text: 'x' };
    const { message_ts: ts } = await api('chat.postEphemeral', { ...at, user: user('dana') });
    expect(await api('chat.update', { ...at, ts })).toMatchObject({ error: 'message_not_found' });
    expect(await api('chat.delete', { ...at, ts })).toMatchObject({ error: 'message_not_found' });
    expect(await api('conversations.history', at)).toMatchObject({ messages: [] });
    expect(await api('chat.postEphemeral', { ...at, user: user('pat') })).toMatchObject({
      error: 'user_not_in_channel',
    });
  });

  it('keeps the blocks unless it is given others, or none', async () => {
    const { api, channel, messages } = await startSlack();
    const at = { channel: channel('ops') };
    const { ts } = await api('chat.postMessage', { ...at, text: 'x', blocks: [section('old')] });
    await api('chat.update', { ...at, ts, text: 'new text' });
    expect((await messages(at.channel))[0]).toMatchObject({ text: 'new text', blocks: [section('old')] });
    await api('chat.update', { ...at, ts, text: 'x', blocks: [section('new')] });
    expect((await messages(at.channel))[0]).toMatchObject({ blocks: [section('new')] });
    await api('chat.update', { ...at, ts, text: 'x', blocks: [] });
    expect((await messages(at.channel))[0]).toMatchObject({ blocks: [] });
  });

  it('marks the message as edited and gives elements without action_id one', async () => {
    const { api, channel } = await startSlack();
    const at = { channel: channel('ops'), text: 'x' };
    const button = { type: 'button', text: { type: 'plain_text', text: 'Go' } };
    const { ts } = await api('chat.postMessage', at);
    const edited = await api('chat.update', { ...at, ts, blocks: [{ type: 'actions', elements: [button] }] });
    expect(edited['message']).toMatchObject({
      edited: { user: expect.any(String) },
      blocks: [{ block_id: expect.any(String), elements: [{ action_id: expect.any(String) }] }],
    });
  });
});

describe('looking things up', () => {
  it('pages with cursors', async () => {
    const { api } = await startSlack();
    const first = await api('conversations.list', { limit: 2, exclude_archived: true });
    expect(first['channels']).toMatchObject([{ name: 'ops' }, { name: 'general' }]);
    const cursor = (first['response_metadata'] as { next_cursor: string }).next_cursor;
    const second = await api('conversations.list', { limit: 2, exclude_archived: true, cursor });
    expect(second).toMatchObject({
      channels: [{ name: 'random' }, { name: 'partners' }],
      response_metadata: { next_cursor: '' },
    });
    expect(await api('conversations.list', { cursor: 'nonsense' })).toMatchObject({ error: 'invalid_cursor' });
    expect(await api('conversations.list', { limit: 1_001 })).toMatchObject({ error: 'invalid_limit' });
  });

  it('knows approvers, people from elsewhere, and who is in a shared channel', async () => {
    const { api, channel, user } = await startSlack();
    const groups = await api('usergroups.list');
    expect(groups['usergroups']).toMatchObject([{ handle: 'platform-approvers', user_count: 2 }]);
    const [{ id }] = groups['usergroups'] as [{ id: string }];
    expect(await api('usergroups.users.list', { usergroup: id })).toMatchObject({ users: [user('lee'), user('sam')] });
    expect(await api('usergroups.users.list', { usergroup: 'S0' })).toMatchObject({ error: 'no_such_subteam' });
    expect(await api('users.info', { user: user('pat') })).toMatchObject({
      user: { team_id: 'T0PARTNER01', is_stranger: true },
    });
    expect(await api('users.info', { user: 'U0' })).toMatchObject({ error: 'user_not_found' });
    expect(await api('conversations.info', { channel: channel('partners') })).toMatchObject({
      channel: { is_ext_shared: true },
    });
    expect(await api('conversations.info', { channel: channel('random') })).toMatchObject({
      channel: { is_member: false },
    });
  });

  it('opens one direct message channel per person, and posts to a person', async () => {
    const { api, user } = await startSlack();
    const opened = await api('conversations.open', { users: user('dana') });
    const posted = await api('chat.postMessage', { channel: user('dana'), text: 'hello' });
    expect(posted['channel']).toBe((opened['channel'] as { id: string }).id);
  });

  it('validates blocks without a token', async () => {
    const { api } = await startSlack();
    expect(await api('blocks.validate', { blocks: [section('x')] }, '')).toEqual({ ok: true });
    expect(
      await api('blocks.validate', { blocks: [{ type: 'alert', text: { type: 'plain_text', text: 'x' } }] }, ''),
    ).toMatchObject({ error: 'invalid_blocks' });
  });
});

it('adds and takes away reactions', async () => {
  const { api, channel } = await startSlack();
  const { ts } = await api('chat.postMessage', { channel: channel('ops'), text: 'x' });
  const target = { channel: channel('ops'), timestamp: ts, name: 'eyes' };
  expect(await api('reactions.add', target)).toEqual({ ok: true });
  expect(await api('reactions.add', target)).toMatchObject({ error: 'already_reacted' });
  expect(await api('reactions.remove', target)).toEqual({ ok: true });
  expect(await api('reactions.remove', target)).toMatchObject({ error: 'no_reaction' });
  expect(await api('reactions.add', { ...target, name: 'No Such' })).toMatchObject({ error: 'invalid_name' });
});

describe('files', () => {
  it('takes an upload from the SDK and shows it in the thread', async () => {
    const { web, api, messages, channel, slack } = await startSlack();
    const { ts = '' } = await web.chat.postMessage({ channel: channel('ops'), text: 'run' });
    const file = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 13, 10, 45, 45]);
    await web.filesUploadV2({
      channel_id: channel('ops'),
      thread_ts: ts,
      initial_comment: 'chart',
      file,
      filename: 'chart.png',
      alt_text: 'a chart',
    });
    const message = (await messages(channel('ops')))[1] ?? {};
    expect(message).toMatchObject({
      thread_ts: ts,
      text: 'chart',
      files: [{ name: 'chart.png', mimetype: 'image/png', size: 9, alt_txt: 'a chart' }],
    });
    const [{ id, url_private: url }] = message['files'] as [{ id: string; url_private: string }];
    const shown = await fetch(`${slack.url}/_ui/files/${id}/chart.png`);
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(file);
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { headers: { authorization: `Bearer ${slack.tokens.botToken}` } })).status).toBe(200);
    expect(await api('files.delete', { file: id })).toEqual({ ok: true });
    expect(await api('files.info', { file: id })).toMatchObject({ error: 'file_not_found' });
  });

  it('shows uploaded pictures in image blocks, and nothing else', async () => {
    const { api, channel } = await startSlack();
    const upload = async (filename: string) => {
      const { upload_url: url, file_id: id } = await api('files.getUploadURLExternal', { filename, length: 3 });
      await fetch(String(url), { method: 'POST', body: 'abc' });
      await api('files.completeUploadExternal', { files: [{ id }] });
      return id;
    };
    const post = (id: unknown) =>
      api('chat.postMessage', {
        channel: channel('ops'),
        text: 'x',
        blocks: [{ type: 'image', alt_text: 'a', slack_file: { id } }],
      });
    expect(await post(await upload('chart.png'))).toMatchObject({ ok: true });
    expect(await post(await upload('data.json'))).toMatchObject({ error: 'invalid_blocks' });
    expect(await post('F0NOWHERE1')).toMatchObject({ error: 'invalid_blocks' });
  });

  it('refuses bytes that are not as many as announced, and files that never came', async () => {
    const { api, channel } = await startSlack();
    const { upload_url: url, file_id: id } = await api('files.getUploadURLExternal', { filename: 'a.txt', length: 3 });
    expect((await fetch(String(url), { method: 'POST', body: 'four' })).status).toBe(400);
    const complete = { files: [{ id, title: 'a' }], channel_id: channel('ops') };
    expect(await api('files.completeUploadExternal', complete)).toMatchObject({ error: 'file_not_found' });
    expect((await fetch(String(url), { method: 'POST', body: 'abc' })).status).toBe(200);
    expect(await api('files.completeUploadExternal', { ...complete, channel_id: channel('random') })).toMatchObject({
      error: 'not_in_channel',
    });
    expect(await api('files.completeUploadExternal', complete)).toMatchObject({ ok: true });
  });

  it('limits snippets to 1 MiB and alt text to 1,000 characters', async () => {
    const { api } = await startSlack();
    const upload = { filename: 'a.txt', length: 1_048_576, snippet_type: 'text' };
    expect(await api('files.getUploadURLExternal', upload)).toMatchObject({ ok: true });
    expect(await api('files.getUploadURLExternal', { ...upload, length: 1_048_577 })).toMatchObject({
      error: 'snippet_too_large',
    });
    expect(await api('files.getUploadURLExternal', { ...upload, alt_txt: 'x'.repeat(1_001) })).toMatchObject({
      error: 'alt_txt_too_large',
    });
  });
});
