import { contentOf } from '../compose.ts';
import { fileTypeOf, mimeTypeOf, type PendingUpload } from '../files.ts';
import { newId, newSecret } from '../ids.ts';
import { asJson, asText, type Json } from '../json.ts';
import type { StoredFile } from '../messages.ts';
import type { Channel } from '../workspace.ts';
import type { World } from '../world.ts';
import { writableChannel } from './channels.ts';
import { botMessage, threadOf } from './chat.ts';
import { type Args, type Call, type Methods, refuse, refuseArguments, toArgs } from './method.ts';

const SNIPPET_MAX_BYTES = 1_048_576;
const ALT_TEXT_MAX = 1_000;

function getUploadUrl({ world, args }: Call): Json {
  if (world.faults.value('uploads') === 'disabled') refuse('file_uploads_disabled');
  const name = args.required('filename');
  const lengthBytes = args.integer('length', 0);
  if (lengthBytes <= 0) refuseArguments('length must be more than 0');
  if (args.text('snippet_type') !== '' && lengthBytes > SNIPPET_MAX_BYTES) refuse('snippet_too_large');
  // Documents say alt_txt, web-api 8.2 sends alt_text.
  const altText = args.text('alt_txt') || args.text('alt_text');
  if (altText.length > ALT_TEXT_MAX) refuse('alt_txt_too_large');
  const pending = {
    id: newId('F'),
    name,
    lengthBytes,
    altText,
    user: world.workspace.app.botUserId,
  };
  const secret = newSecret();
  world.files.pending.set(secret, pending);
  return { upload_url: `${world.origin.url}/upload/v1/${secret}`, file_id: pending.id };
}

function toFile(
  world: World,
  upload: PendingUpload,
  parts: { title: string; size: number; channels: readonly string[] },
): StoredFile {
  const path = `files-pri/${world.workspace.teamId}-${upload.id}`;
  const url = `${world.origin.url}/${path}/${encodeURIComponent(upload.name)}`;
  return {
    id: upload.id,
    name: upload.name,
    title: parts.title || upload.name,
    mimetype: mimeTypeOf(upload.name),
    filetype: fileTypeOf(upload.name),
    size: parts.size,
    alt_txt: upload.altText,
    user: upload.user,
    created: Math.floor(world.clock.now() / 1_000),
    url_private: url,
    url_private_download: url,
    permalink: `${world.origin.url}/files/${upload.id}`,
    channels: parts.channels,
  };
}

/** Takes the uploads that were named; all of them must have arrived. */
function takeUploads(world: World, args: Args, channels: readonly string[]): readonly StoredFile[] {
  const wanted = args.structure('files');
  if (!Array.isArray(wanted) || wanted.length === 0) refuseArguments('missing required field: files');
  const found = wanted.map(asJson).map((entry) => {
    const [secret, upload] = [...world.files.pending].find(([, pending]) => pending.id === entry['id']) ?? [];
    if (secret === undefined || upload?.content === undefined) refuse('file_not_found');
    return { secret, upload, content: upload.content, title: asText(entry['title']) };
  });
  return found.map(({ secret, upload, content, title }) => {
    const file = toFile(world, upload, { title, size: content.length, channels });
    world.files.pending.delete(secret);
    world.files.shared.set(file.id, { file, content });
    return file;
  });
}

function targets(world: World, args: Args): readonly Channel[] {
  const ids = [args.text('channel_id'), ...args.text('channels').split(',')].filter(Boolean);
  return [...new Set(ids)].map((id) => writableChannel(world, id));
}

function complete({ world, args }: Call): Json {
  if (world.faults.value('uploads') === 'disabled') refuse('file_uploads_disabled');
  const channels = targets(world, args);
  const threads = channels.map((channel) => threadOf(world, channel, args.text('thread_ts')));
  const said = toArgs({
    text: args.text('initial_comment') || ' ',
    ...(args.has('blocks') ? { blocks: args.raw['blocks'] } : {}),
  });
  const hasWords = args.has('blocks') || args.text('initial_comment') !== '';
  const content = hasWords ? contentOf(world, said) : { text: '' };
  const files = takeUploads(
    world,
    args,
    channels.map((channel) => channel.id),
  );
  for (const [index, channel] of channels.entries()) {
    world.messages.put({ ...botMessage(world, channel, content), ...threads[index], files });
  }
  return { files };
}

function sharedFile(world: World, args: Args): StoredFile {
  const entry = world.files.shared.get(args.required('file'));
  if (!entry) refuse('file_not_found');
  return entry.file;
}

function list({ world, args }: Call): Json {
  const channel = args.text('channel');
  const all = [...world.files.shared.values()].map(({ file }) => file);
  const files = all.filter((file) => channel === '' || file.channels.includes(channel));
  return { files, paging: { count: 100, total: files.length, page: 1, pages: 1 } };
}

function remove({ world, args }: Call): Json {
  const file = sharedFile(world, args);
  if (file.user !== world.workspace.app.botUserId) refuse('cant_delete_file');
  world.files.shared.delete(file.id);
  for (const message of world.messages.all()) {
    if (!message.files?.some((other) => other.id === file.id)) continue;
    world.messages.put({ ...message, files: message.files.filter((other) => other.id !== file.id) });
  }
  return {};
}

export const fileMethods: Methods = {
  'files.getUploadURLExternal': { scope: 'files:write', tier: 'tier4', run: getUploadUrl },
  'files.completeUploadExternal': { scope: 'files:write', tier: 'tier4', run: complete },
  'files.info': {
    scope: 'files:read',
    tier: 'tier4',
    run: ({ world, args }) => ({ file: sharedFile(world, args), comments: [], response_metadata: { next_cursor: '' } }),
  },
  'files.list': { scope: 'files:read', tier: 'tier3', run: list },
  'files.delete': { scope: 'files:write', tier: 'tier3', run: remove },
  'files.upload': { scope: 'files:write', tier: 'tier2', run: () => refuse('method_deprecated') },
};
