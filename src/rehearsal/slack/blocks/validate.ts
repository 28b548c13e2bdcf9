import { asJson, asList, isJson, type Json } from '../json.ts';
import { type At, byType, type Fields, list, type Surface } from './check.ts';
import { CLASSIC_BLOCKS } from './classic.ts';
import { NEWER_BLOCKS } from './newer.ts';
import { shownLength, TABLE_BLOCKS } from './tables.ts';

const BLOCKS: Fields = { ...CLASSIC_BLOCKS, ...TABLE_BLOCKS, ...NEWER_BLOCKS };
const ON_HOME_TOO = ['container', 'card', 'carousel'];
const SURFACES: Record<Surface, Fields> = {
  // Alerts are for modals; file blocks come in with messages but cannot be sent.
  message: without(BLOCKS, ['alert']),
  modal: { ...CLASSIC_BLOCKS, ...only(NEWER_BLOCKS, ['alert']) },
  home: { ...CLASSIC_BLOCKS, ...only(NEWER_BLOCKS, ON_HOME_TOO) },
};
const BLOCKS_MAX: Record<Surface, number> = { message: 50, modal: 100, home: 100 };
const TABLE_FAMILY = ['table', 'data_table'];
const MARKDOWN_MAX = 12_000;
const CHARTS_MAX = 2;

function only(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Blocks inside blocks count for the rules about the whole message. */
function flatten(blocks: readonly unknown[], path: string): readonly { readonly block: Json; readonly path: string }[] {
  return blocks.flatMap((entry, index) => {
    const block = asJson(entry);
    const here = `${path}/${index}`;
    return [{ block, path: here }, ...flatten(asList(block['child_blocks']), `${here}/child_blocks`)];
  });
}

function surplus(found: readonly { path: string }[], allowed: number, problem: string): readonly string[] {
  return found.slice(allowed).map(({ path }) => `${problem} [json-pointer:${path}]`);
}

function wholeRules(blocks: readonly unknown[]): readonly string[] {
  const every = flatten(blocks, '/blocks');
  const ofType = (...types: readonly string[]) => every.filter(({ block }) => types.includes(String(block['type'])));
  const ids = every.filter(({ block }) => typeof block['block_id'] === 'string');
  const repeated = ids.filter(
    ({ block }, index) => ids.findIndex((other) => other.block['block_id'] === block['block_id']) < index,
  );
  const markdown = ofType('markdown').reduce((sum, { block }) => sum + String(block['text'] ?? '').length, 0);
  const focused = (JSON.stringify(blocks).match(/"focus_on_load":true/g) ?? []).length;
  return [
    ...repeated.map(
      ({ block, path }) => `block_id "${String(block['block_id'])}" already exists [json-pointer:${path}/block_id]`,
    ),
    ...surplus(ofType(...TABLE_FAMILY), 1, 'only_one_table_allowed'),
    ...surplus(
      ofType('data_visualization'),
      CHARTS_MAX,
      `no more than ${CHARTS_MAX} data_visualization blocks allowed`,
    ),
    ...surplus(ofType('plan'), 1, 'only one plan allowed'),
    ...(markdown > MARKDOWN_MAX
      ? [`markdown blocks must have less than ${MARKDOWN_MAX + 1} characters in all [json-pointer:/blocks]`]
      : []),
    ...(focused > 1 ? ['only one element may have focus_on_load [json-pointer:/blocks]'] : []),
  ];
}

/**
 * What Slack would refuse in these blocks, each problem with a JSON pointer; empty where they are fine.
 * Limits: docs.slack.dev "Blocks", "Block elements", "Composition objects"; where documents disagree, the lower number.
 */
export function validateBlocks(blocks: readonly unknown[], surface: Surface): readonly string[] {
  const problems: string[] = [];
  const at: At = { path: '/blocks', surface, inside: '', report: (problem) => problems.push(problem) };
  list(
    byType(() => SURFACES[surface]),
    { min: 0, max: BLOCKS_MAX[surface] },
  )(blocks, at);
  return [...problems, ...wholeRules(blocks)];
}

/** The characters of all blocks together, for the limit on a whole message. */
export function blockTextLength(blocks: readonly unknown[]): number {
  return blocks.filter(isJson).reduce((sum, block) => sum + shownLength(block), 0);
}
