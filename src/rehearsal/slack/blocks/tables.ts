import type { Json } from '../json.ts';
import {
  type At,
  all,
  bool,
  byType,
  type Check,
  type Fields,
  finite,
  integer,
  list,
  oneOf,
  rule,
  shape,
  step,
  text,
  typeField,
} from './check.ts';
import { blockId } from './composition.ts';
import { richText } from './rich-text.ts';

const common: Fields = { block_id: blockId };
/** An empty cell is refused; a space is not (observed). */
const rawText = shape({ ...typeField, text: text(10_000) });
const rawNumber = shape({ ...typeField, value: finite, text: text(10_000) });
const TABLE_CELLS: Fields = { raw_text: rawText, raw_number: rawNumber, rich_text: richText };
const HEADER_CELLS: Fields = { raw_text: rawText };
const CELLS_MAX = 20;
const TABLE_CHARS_MAX = 10_000;
/** Docs name 6 and 12 for series and segments: the lower number is enforced. */
const SERIES_MAX = 6;

/** All characters that a reader sees in a cell, a row or a table. */
export function shownLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + shownLength(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === 'text' && typeof item === 'string' ? item.length : shownLength(item)),
    0,
  );
}

const cells = list(
  byType(() => TABLE_CELLS),
  { max: CELLS_MAX },
);
const headerCells = list(
  byType(() => HEADER_CELLS),
  { max: CELLS_MAX },
);

export const table: Check = all(
  shape(
    { ...typeField, rows: list(cells, { max: 100 }) },
    {
      ...common,
      column_settings: list(shape({}, { align: oneOf('left', 'center', 'right'), is_wrapped: bool }), {
        max: CELLS_MAX,
      }),
    },
  ),
  rule((value) =>
    shownLength(value['rows']) > TABLE_CHARS_MAX
      ? `table must have less than ${TABLE_CHARS_MAX + 1} characters`
      : undefined,
  ),
);

function dataRows(value: unknown, at: At): void {
  list(cells, { min: 2, max: 101 })(value, at);
  const [header, ...body] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (header !== undefined) headerCells(header, step(at, 0));
  const width = Array.isArray(header) ? header.length : 0;
  if (body.some((row) => Array.isArray(row) && row.length !== width)) {
    at.report(`every row must have as many cells as the header [json-pointer:${at.path}]`);
  }
}

const dataTable = all(
  shape(
    { ...typeField, rows: dataRows, caption: text(2_000) },
    { ...common, page_size: integer(1, 100), row_header_column_index: integer(0, CELLS_MAX - 1) },
  ),
  rule((value) => (shownLength(value['rows']) > TABLE_CHARS_MAX ? 'data_table has too many characters' : undefined)),
);

const label = text(20);
const series = shape({
  name: label,
  data: list(shape({ label, value: finite }), { max: 20 }),
});

function labelsOf(points: unknown): string {
  return JSON.stringify((Array.isArray(points) ? points : []).map((point) => (point as Json)['label']));
}

/** Every series covers every category, in the same order, and no two are called the same. */
const seriesFit = rule((chart) => {
  const all = (Array.isArray(chart['series']) ? chart['series'] : []) as readonly Json[];
  const axis = (chart['axis_config'] ?? {}) as Json;
  const names = all.map((one) => one['name']);
  if (new Set(names).size < names.length) return 'series names must be unique';
  const wanted = axis['categories'] === undefined ? labelsOf(all[0]?.['data']) : JSON.stringify(axis['categories']);
  return all.some((one) => labelsOf(one['data']) !== wanted) ? 'every series must cover every category' : undefined;
});

const cartesian = all(
  shape(
    { ...typeField, series: list(series, { max: SERIES_MAX }) },
    { axis_config: shape({}, { categories: list(label, { max: 20 }), x_label: text(50), y_label: text(50) }) },
  ),
  seriesFit,
);
const positive: Check = (value, at) => {
  if (typeof value !== 'number' || !(value > 0)) at.report(`must be more than 0 [json-pointer:${at.path}]`);
};
const CHARTS: Fields = {
  line: cartesian,
  bar: cartesian,
  area: cartesian,
  pie: shape({ ...typeField, segments: list(shape({ label, value: positive }), { max: SERIES_MAX }) }),
};

export const TABLE_BLOCKS: Fields = {
  table,
  data_table: dataTable,
  data_visualization: shape({ ...typeField, title: text(50), chart: byType(() => CHARTS) }, common),
};
