import { newId } from './ids.ts';
import { asList, isJson, type Json } from './json.ts';

/** An interactive element, with the block that holds it. */
export type Found = { readonly blockId: string; readonly block: Json; readonly element: Json };

const LISTS = ['elements', 'actions'] as const;
const SINGLES = ['accessory', 'element'] as const;
const HOLDS_ELEMENTS = new Set(['actions', 'section', 'input', 'context_actions', 'card']);

/** Ids that the app left out, made up as Slack makes them up, so that an interaction can name its element. */
export function withIds(blocks: readonly Json[]): readonly Json[] {
  return blocks.map((block) => ({ ...withElementIds(block), block_id: block['block_id'] ?? newId('', 5) }));
}

function withActionId(element: unknown): unknown {
  if (!isJson(element) || element['type'] === 'image') return element;
  return { ...element, action_id: element['action_id'] ?? newId('', 5) };
}

function withElementIds(block: Json): Json {
  const children = block['child_blocks'] ?? (block['type'] === 'carousel' ? block['elements'] : undefined);
  if (Array.isArray(children)) {
    const key = block['child_blocks'] === undefined ? 'elements' : 'child_blocks';
    return { ...block, [key]: withIds(children.filter(isJson)) };
  }
  if (!HOLDS_ELEMENTS.has(String(block['type']))) return block;
  const copy = { ...block };
  for (const key of LISTS) if (Array.isArray(block[key])) copy[key] = block[key].map(withActionId);
  for (const key of SINGLES) if (block[key] !== undefined) copy[key] = withActionId(block[key]);
  return copy;
}

/** Every interactive element of these blocks, nested ones included. */
export function elementsOf(blocks: readonly unknown[]): readonly Found[] {
  return blocks.filter(isJson).flatMap((block) => {
    const isNest = block['child_blocks'] !== undefined || block['type'] === 'carousel';
    if (isNest) return elementsOf(asList(block['child_blocks'] ?? block['elements']));
    if (!HOLDS_ELEMENTS.has(String(block['type']))) return [];
    const held = [...LISTS.flatMap((key) => asList(block[key])), ...SINGLES.map((key) => block[key])];
    const elements = held.filter(isJson).filter((element) => typeof element['action_id'] === 'string');
    return elements.map((element) => ({ blockId: String(block['block_id']), block, element }));
  });
}
