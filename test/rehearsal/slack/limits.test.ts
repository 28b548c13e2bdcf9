import { describe, expect, it } from 'vitest';
import type { Surface } from '../../../src/rehearsal/slack/blocks/check.ts';
import { blockTextLength, validateBlocks } from '../../../src/rehearsal/slack/blocks/validate.ts';
import { validateView } from '../../../src/rehearsal/slack/blocks/view.ts';

type Json = Record<string, unknown>;

const x = (length: number) => 'x'.repeat(length);
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const plain = (length: number) => ({ type: 'plain_text', text: x(length) });
const mrkdwn = (length: number) => ({ type: 'mrkdwn', text: x(length) });
const section = (text = 'text') => ({ type: 'section', text: { type: 'mrkdwn', text } });
const button = (extra: Json = {}) => ({ type: 'button', text: plain(1), ...extra });
const actions = (...elements: Json[]) => ({ type: 'actions', elements });
const option = (index: number, extra: Json = {}) => ({ text: plain(1), value: String(index), ...extra });
const select = (extra: Json) => actions({ type: 'static_select', ...extra });
const input = (element: Json) => ({ type: 'input', label: plain(1), element });
const cell = (length = 1) => ({ type: 'raw_text', text: x(length) });
const table = (rows: Json[][]) => ({ type: 'table', rows });
const dataTable = (rows: number, extra: Json = {}) => ({
  type: 'data_table',
  caption: 'c',
  rows: many(rows + 1, () => [cell()]),
  ...extra,
});
const line = (series: number, points: number, nameLength = 2) => ({
  type: 'data_visualization',
  title: 't',
  chart: {
    type: 'line',
    series: many(series, (index) => ({
      name: `${index}`.padEnd(nameLength, 'n'),
      data: many(points, (point) => ({ label: `p${point}`, value: point })),
    })),
    axis_config: { categories: many(points, (point) => `p${point}`) },
  },
});
const richText = {
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'x' }] }],
};
const task = (status: string, extra: Json = {}) => ({ type: 'task_card', task_id: 't', title: 't', status, ...extra });
const image = (extra: Json) => ({ type: 'image', image_url: 'https://e.example/a.png', alt_text: 'a', ...extra });
const card = (extra: Json) => ({ type: 'card', body: mrkdwn(1), ...extra });
const confirm = (extra: Json) =>
  actions(button({ confirm: { title: plain(1), text: plain(1), confirm: plain(1), deny: plain(1), ...extra } }));
const container = (count: number, extra: Json = {}) => ({
  type: 'container',
  title: plain(1),
  child_blocks: many(count, () => section()),
  ...extra,
});

/** Each row: what is limited, its limit by the documents (or as observed), and blocks of exactly that size. */
const LIMITS: readonly [string, number, (size: number) => Json[], Surface?][] = [
  ['blocks in a message', 50, (n) => many(n, () => section())],
  ['blocks in a modal', 100, (n) => many(n, () => section()), 'modal'],
  ['blocks on Home', 100, (n) => many(n, () => section()), 'home'],
  ['section text', 3_000, (n) => [section(x(n))]],
  ['section fields', 10, (n) => [{ type: 'section', fields: many(n, () => mrkdwn(1)) }]],
  ['section field text', 2_000, (n) => [{ type: 'section', fields: [mrkdwn(n)] }]],
  ['header text', 150, (n) => [{ type: 'header', text: plain(n) }]],
  ['context elements', 10, (n) => [{ type: 'context', elements: many(n, () => mrkdwn(1)) }]],
  ['actions elements', 25, (n) => [actions(...many(n, () => button()))]],
  ['block_id', 255, (n) => [{ ...section(), block_id: x(n) }]],
  ['action_id', 255, (n) => [actions(button({ action_id: x(n) }))]],
  ['button text', 75, (n) => [actions(button({ text: plain(n) }))]],
  ['button value', 2_000, (n) => [actions(button({ value: x(n) }))]],
  ['button url', 3_000, (n) => [actions(button({ url: `https://e.example/${x(n - 18)}` }))]],
  ['confirm title', 100, (n) => [confirm({ title: plain(n) })]],
  ['confirm text', 300, (n) => [confirm({ text: plain(n) })]],
  ['confirm button', 30, (n) => [confirm({ confirm: plain(n) })]],
  ['confirm deny button', 30, (n) => [confirm({ deny: plain(n) })]],
  ['select options', 100, (n) => [select({ options: many(n, (index) => option(index)) })]],
  [
    'select option groups',
    100,
    (n) => [select({ option_groups: many(n, () => ({ label: plain(1), options: [option(1)] })) })],
  ],
  ['option text', 75, (n) => [select({ options: [option(1, { text: plain(n) })] })]],
  ['option value', 75, (n) => [select({ options: [option(1, { value: x(n) })] })]],
  ['radio buttons', 10, (n) => [actions({ type: 'radio_buttons', options: many(n, (index) => option(index)) })]],
  ['checkboxes', 10, (n) => [actions({ type: 'checkboxes', options: many(n, (index) => option(index)) })]],
  ['overflow options', 5, (n) => [actions({ type: 'overflow', options: many(n, (index) => option(index)) })]],
  ['placeholder', 150, (n) => [select({ options: [option(1)], placeholder: plain(n) })]],
  ['markdown block', 12_000, (n) => [{ type: 'markdown', text: x(n) }]],
  [
    'markdown in two blocks',
    12_000,
    (n) => [
      { type: 'markdown', text: x(6_000) },
      { type: 'markdown', text: x(n - 6_000) },
    ],
  ],
  ['image alt text', 2_000, (n) => [image({ alt_text: x(n) })]],
  ['image title', 2_000, (n) => [image({ title: plain(n) })]],
  ['plain_text_input max_length', 3_000, (n) => [input({ type: 'plain_text_input', max_length: n })], 'modal'],
  ['input label', 2_000, (n) => [{ ...input({ type: 'plain_text_input' }), label: plain(n) }], 'modal'],
  ['table rows', 100, (n) => [table(many(n, () => [cell()]))]],
  ['table cells in a row', 20, (n) => [table([many(n, () => cell())])]],
  ['table characters', 10_000, (n) => [table([[cell(5_000), cell(n - 5_000)]])]],
  ['tables in a message', 1, (n) => many(n, () => table([[cell()]]))],
  ['table family in a message', 1, (n) => [table([[cell()]]), ...many(n - 1, () => dataTable(1))]],
  ['data_table rows below the header', 100, (n) => [dataTable(n)]],
  ['data_table page size', 100, (n) => [dataTable(1, { page_size: n })]],
  ['charts in a message', 2, (n) => many(n, () => line(1, 1))],
  ['chart title', 50, (n) => [{ ...line(1, 1), title: x(n) }]],
  ['chart series', 6, (n) => [line(n, 1)]],
  ['chart points', 20, (n) => [line(1, n)]],
  ['series name', 20, (n) => [line(1, 1, n)]],
  ['plans in a message', 1, (n) => many(n, () => ({ type: 'plan', title: 't' }))],
  ['container children', 10, (n) => [container(n)]],
  ['container title', 150, (n) => [container(1, { title: plain(n) })]],
  ['card body', 200, (n) => [card({ body: mrkdwn(n) })]],
  ['card title', 150, (n) => [card({ title: mrkdwn(n) })]],
  ['carousel cards', 10, (n) => [{ type: 'carousel', elements: many(n, () => card({})) }]],
  ['alert text', 200, (n) => [{ type: 'alert', text: plain(n) }], 'modal'],
  [
    'context_actions elements',
    5,
    (n) => [
      { type: 'context_actions', elements: many(n, () => ({ type: 'icon_button', icon: 'trash', text: plain(1) })) },
    ],
  ],
];

describe('limits of Block Kit', () => {
  it.each(LIMITS)('%s: %i pass, one more is refused', (_what, limit, blocksOf, surface = 'message') => {
    expect(validateBlocks(blocksOf(limit), surface)).toEqual([]);
    expect(validateBlocks(blocksOf(limit + 1), surface)).not.toEqual([]);
  });
});

const onSurface = (block: Json) => (surface: Surface) => validateBlocks([block], surface).length === 0;

describe('surfaces', () => {
  it.each<[string, Json, Surface[]]>([
    ['section', section(), ['message', 'modal', 'home']],
    ['input', input({ type: 'plain_text_input' }), ['message', 'modal', 'home']],
    ['table', table([[cell()]]), ['message']],
    ['data_table', dataTable(1), ['message']],
    ['data_visualization', line(1, 1), ['message']],
    ['plan', { type: 'plan', title: 't', tasks: [task('pending')] }, ['message']],
    ['task_card', task('complete'), ['message']],
    ['markdown', { type: 'markdown', text: 'x' }, ['message']],
    [
      'context_actions',
      { type: 'context_actions', elements: [{ type: 'icon_button', icon: 'trash', text: plain(1) }] },
      ['message'],
    ],
    ['container', container(1), ['message', 'home']],
    ['card', card({}), ['message', 'home']],
    ['alert', { type: 'alert', text: plain(1) }, ['modal']],
    ['number_input', input({ type: 'number_input', is_decimal_allowed: false }), ['modal']],
    ['email_text_input', input({ type: 'email_text_input' }), ['modal']],
    ['url_text_input', input({ type: 'url_text_input' }), ['modal']],
    ['file_input', input({ type: 'file_input' }), ['modal']],
    ['file', { type: 'file', source: 'remote', external_id: '1' }, []],
  ])('%s', (_what, block, surfaces) => {
    expect((['message', 'modal', 'home'] as const).filter(onSurface(block))).toEqual(surfaces);
  });
});

describe('what Slack refuses', () => {
  it.each<[string, Json[], string]>([
    ['an unknown block', [{ type: 'sectoin' }], 'unsupported type: sectoin [json-pointer:/blocks/0/type]'],
    ['no type', [{}], 'missing required field: type [json-pointer:/blocks/0]'],
    [
      'an unknown property',
      [{ ...section(), colour: 'red' }],
      'invalid additional property: colour [json-pointer:/blocks/0]',
    ],
    ['an empty text', [section('')], 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
    ['a section of nothing', [{ type: 'section' }], 'must have at least one of text, fields [json-pointer:/blocks/0]'],
    [
      'mrkdwn in a header',
      [{ type: 'header', text: mrkdwn(1) }],
      'must be a plain_text object [json-pointer:/blocks/0/text]',
    ],
    [
      'mrkdwn on a button',
      [actions(button({ text: mrkdwn(1) }))],
      'must be a plain_text object [json-pointer:/blocks/0/elements/0/text]',
    ],
    [
      'a block_id twice',
      [
        { ...section(), block_id: 'b' },
        { ...section(), block_id: 'b' },
      ],
      'block_id "b" already exists [json-pointer:/blocks/1/block_id]',
    ],
    [
      'an action_id twice in one block',
      [actions(button({ action_id: 'a' }), button({ action_id: 'a' }))],
      'action_id already exists for another element [json-pointer:/blocks/0/elements]',
    ],
    [
      'an empty cell',
      [table([[{ type: 'raw_text', text: '' }]])],
      'must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]',
    ],
    ['two tables', [table([[cell()]]), table([[cell()]])], 'only_one_table_allowed [json-pointer:/blocks/1]'],
    [
      'a table beside one in a container',
      [table([[cell()]]), container(0, { child_blocks: [table([[cell()]])] })],
      'only_one_table_allowed [json-pointer:/blocks/1/child_blocks/0]',
    ],
    [
      'a rich_text header cell',
      [{ type: 'data_table', caption: 'c', rows: [[richText], [richText]] }],
      'unsupported type: rich_text [json-pointer:/blocks/0/rows/0/0/type]',
    ],
    [
      'a data_table without caption',
      [{ type: 'data_table', rows: [[cell()], [cell()]] }],
      'missing required field: caption [json-pointer:/blocks/0]',
    ],
    [
      'ragged rows',
      [{ type: 'data_table', caption: 'c', rows: [[cell()], [cell(), cell()]] }],
      'every row must have as many cells as the header [json-pointer:/blocks/0/rows]',
    ],
    [
      'a pending task outside a plan',
      [task('pending')],
      'a task_card outside a plan cannot be pending [json-pointer:/blocks/0]',
    ],
    [
      'an object as plan title',
      [{ type: 'plan', title: plain(1) }],
      'must provide a string [json-pointer:/blocks/0/title]',
    ],
    [
      'a wrong button style',
      [actions(button({ style: 'default' }))],
      'must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]',
    ],
    [
      'a select without options',
      [select({})],
      'must have exactly one of options, option_groups [json-pointer:/blocks/0/elements/0]',
    ],
    [
      'a default that is no option',
      [select({ options: [option(1)], initial_option: option(2) })],
      'initial option must be one of the options [json-pointer:/blocks/0/elements/0]',
    ],
    [
      'an image without alt text',
      [{ type: 'image', image_url: 'https://e.example/a.png' }],
      'missing required field: alt_text [json-pointer:/blocks/0]',
    ],
    [
      'a link that is none',
      [actions(button({ url: 'javascript:alert(1)' }))],
      'must be a valid URL [json-pointer:/blocks/0/elements/0/url]',
    ],
    [
      'min above max',
      [input({ type: 'plain_text_input', min_length: 5, max_length: 4 })],
      'min_length must not be more than max_length [json-pointer:/blocks/0/element]',
    ],
  ])('%s', (_what, blocks, problem) => {
    expect(validateBlocks(blocks, 'message')).toContain(problem);
  });

  it('a chart in which a series leaves out a category', () => {
    const chart = line(2, 2);
    chart.chart.series[1]?.data.pop();
    expect(validateBlocks([chart], 'message')).toEqual([
      'every series must cover every category [json-pointer:/blocks/0/chart]',
    ]);
  });

  it.each([null, 7, 'text', []])('%j where a block should be', (value) => {
    expect(validateBlocks([value], 'message')).not.toEqual([]);
  });
});

const modal = (extra: Json = {}) => ({ type: 'modal', title: plain(1), blocks: [section()], ...extra });

describe('limits of views', () => {
  it.each<[string, number, (size: number) => Json]>([
    ['title', 24, (n) => ({ title: plain(n) })],
    ['submit', 24, (n) => ({ submit: plain(n) })],
    ['close', 24, (n) => ({ close: plain(n) })],
    ['private_metadata', 3_000, (n) => ({ private_metadata: x(n) })],
    ['callback_id', 255, (n) => ({ callback_id: x(n) })],
    ['external_id', 255, (n) => ({ external_id: x(n) })],
  ])('%s: %i pass, one more is refused', (_what, limit, extra) => {
    expect(validateView(modal(extra(limit)), 'modal')).toEqual([]);
    expect(validateView(modal(extra(limit + 1)), 'modal')).not.toEqual([]);
  });

  it('wants a submit button where there are inputs', () => {
    const blocks = [input({ type: 'plain_text_input' })];
    expect(validateView(modal({ blocks }), 'modal')).toHaveLength(1);
    expect(validateView(modal({ blocks, submit: plain(1) }), 'modal')).toEqual([]);
  });

  it('takes no title on Home', () => {
    expect(validateView({ type: 'home', blocks: [section()] }, 'home')).toEqual([]);
    expect(validateView({ type: 'home', title: plain(1), blocks: [] }, 'home')).not.toEqual([]);
  });
});

it('counts what a reader sees for the size of a whole message', () => {
  expect(blockTextLength([section(x(10)), actions(button({ text: plain(5), value: x(99) }))])).toBe(15);
});
