import { useState } from 'react';
import { EmojiText } from './emoji-text.tsx';
import { arrayOf, children, type Fields, fieldsOf, flag, num, str } from './fields.ts';
import { RichText } from './rich-text.tsx';

/** A table block: the first row is the head; it scrolls inside itself on narrow windows. */
export function TableBlock({ block }: { readonly block: Fields }) {
  return <Grid label="Table" rows={arrayOf(block['rows'])} columns={children(block, 'column_settings')} />;
}

/** A data_table block: a caption, a head and pages of `page_size` rows (Slack's default is 5). */
export function DataTable({ block }: { readonly block: Fields }) {
  const [page, setPage] = useState(0);
  const [head, ...rows] = arrayOf(block['rows']);
  const size = num(block, 'page_size') ?? 5;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  return (
    <figure className="data-table">
      <figcaption>{str(block, 'caption')}</figcaption>
      <Grid
        label={str(block, 'caption')}
        rows={[head, ...rows.slice(page * size, (page + 1) * size)]}
        columns={[]}
        rowHead={num(block, 'row_header_column_index')}
      />
      {pages > 1 && (
        <div className="pages">
          <button type="button" className="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
            Previous
          </button>
          <span>
            Page {page + 1} of {pages}
          </span>
          <button type="button" className="button" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>
            Next
          </button>
        </div>
      )}
    </figure>
  );
}

type GridProps = {
  readonly label: string;
  readonly rows: readonly unknown[];
  readonly columns: readonly Fields[];
  readonly rowHead?: number | undefined;
};

function Grid({ label, rows, columns, rowHead }: GridProps) {
  const [head, ...body] = rows.map((row) => arrayOf(row).map(fieldsOf));
  const cellProps = (column: number) => toCellProps(columns[column] ?? {}, longestIn([head ?? [], ...body], column));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head?.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells have no identity but their place
              <th key={column} scope="col" {...cellProps(column)}>
                <Cell cell={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
            <tr key={index}>
              {row.map((cell, column) => {
                const Tag = column === rowHead ? 'th' : 'td';
                return (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells have no identity but their place
                  <Tag key={column} {...cellProps(column)}>
                    <Cell cell={cell} />
                  </Tag>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const LINES_AT_MOST = 4;
const WIDEST_CH = 32;

/** A wrapped column stays wide enough that its longest cell takes about four lines, however narrow the window. */
function toCellProps(settings: Fields, longestChars: number) {
  const align = str(settings, 'align') || 'left';
  if (!flag(settings, 'is_wrapped')) return { className: align };
  // The cell's own padding is part of its width.
  const minWidth = `calc(${Math.min(WIDEST_CH, Math.ceil(longestChars / LINES_AT_MOST))}ch + 24px)`;
  return { className: `${align} wrapped`, style: { minWidth } };
}

function longestIn(rows: readonly (readonly Fields[])[], column: number): number {
  return Math.max(0, ...rows.map((row) => plainLength(row[column] ?? {})));
}

/** The characters of a cell; rich text nests them in elements of elements. */
function plainLength(part: Fields): number {
  return str(part, 'text').length + children(part, 'elements').reduce((sum, inner) => sum + plainLength(inner), 0);
}

function Cell({ cell }: { readonly cell: Fields }) {
  if (str(cell, 'type') === 'rich_text') return <RichText block={cell} />;
  const text = str(cell, 'text');
  return text === '' ? num(cell, 'value') : <EmojiText text={text} />;
}
