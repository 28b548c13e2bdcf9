import { type Args, refuse } from './api/method.ts';
import { blockTextLength, validateBlocks } from './blocks/validate.ts';
import { asJson, isJson, type Json } from './json.ts';
import type { StoredMessage } from './messages.ts';
import type { World } from './world.ts';

export type Content = Pick<StoredMessage, 'text' | 'blocks' | 'attachments' | 'metadata'>;

/** "Truncation above 40,000": chat.postMessage shortens, it does not refuse. */
const TEXT_TRUNCATED_AT = 40_000;
/** Undocumented; measured at about 13,200 characters over all blocks (slackapi/bolt-js#2509). */
const BLOCKS_TEXT_MAX = 13_200;

const NEWER_BLOCKS = new Set([
  'table',
  'data_table',
  'data_visualization',
  'plan',
  'task_card',
  'container',
  'card',
  'carousel',
  'alert',
  'markdown',
  'context_actions',
]);

function invalidBlocks(messages: readonly string[]): never {
  return refuse('invalid_blocks', {
    errors: messages,
    response_metadata: { messages: messages.map((text) => `[ERROR] ${text}`) },
  });
}

/** Pictures by `slack_file` must have been uploaded and be pictures. */
function unknownPictures(world: World, value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknownPictures(world, item));
  if (!isJson(value)) return [];
  const nested = Object.values(value).flatMap((item) => unknownPictures(world, item));
  const id = asJson(value['slack_file'])['id'];
  if (typeof id !== 'string') return nested;
  const isPicture = world.files.shared.get(id)?.file.mimetype.startsWith('image/') === true;
  return isPicture ? nested : [...nested, `invalid slack file: ${id}`];
}

function refusedByFault(world: World, blocks: readonly Json[]): boolean {
  const fault = world.faults.value('blocks');
  if (fault === 'rejected') return blocks.length > 0;
  return fault === 'new-rejected' && blocks.some((block) => NEWER_BLOCKS.has(String(block['type'])));
}

/** @throws Refusal invalid_blocks_format, invalid_blocks, msg_blocks_too_long */
function messageBlocks(world: World, given: unknown): readonly Json[] {
  if (!Array.isArray(given)) refuse('invalid_blocks_format');
  const problems = [...validateBlocks(given, 'message'), ...unknownPictures(world, given)];
  if (problems.length > 0) invalidBlocks(problems);
  const blocks = given.map(asJson);
  if (refusedByFault(world, blocks)) invalidBlocks(['unsupported type [json-pointer:/blocks/0/type]']);
  if (blockTextLength(blocks) > BLOCKS_TEXT_MAX) refuse('msg_blocks_too_long');
  return blocks;
}

function attachmentsOf(world: World, given: unknown): readonly Json[] {
  if (!Array.isArray(given)) refuse('invalid_attachments');
  if (given.length > 100) refuse('too_many_attachments');
  for (const attachment of given) {
    if (!isJson(attachment)) refuse('invalid_attachments');
    if (attachment['blocks'] !== undefined) messageBlocks(world, attachment['blocks']);
  }
  return given.map(asJson);
}

function metadataOf(given: unknown): Json {
  if (!isJson(given) || typeof given['event_type'] !== 'string' || !isJson(given['event_payload'])) {
    refuse('invalid_metadata_format');
  }
  return given;
}

/**
 * What a message says, checked as Slack checks it.
 * @throws Refusal no_text and the errors of messageBlocks
 */
export function contentOf(world: World, args: Args): Content {
  const text = args.text('text').slice(0, TEXT_TRUNCATED_AT);
  const blocks = args.has('blocks') ? messageBlocks(world, args.structure('blocks')) : undefined;
  const attachments = args.has('attachments') ? attachmentsOf(world, args.structure('attachments')) : undefined;
  const metadata = args.has('metadata') ? metadataOf(args.structure('metadata')) : undefined;
  const isEmpty = text.trim() === '' && (blocks ?? []).length === 0 && (attachments ?? []).length === 0;
  if (isEmpty) refuse('no_text');
  return {
    text,
    ...(blocks === undefined ? {} : { blocks }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
