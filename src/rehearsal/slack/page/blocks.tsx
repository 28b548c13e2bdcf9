import { lazy, type ReactNode, Suspense, useState } from 'react';
import { AlertBlock, CardBlock, CarouselBlock } from './block-cards.tsx';
import { InputBlock } from './block-input.tsx';
import { PlanBlock, TaskCard } from './block-plan.tsx';
import { DataTable, TableBlock } from './block-table.tsx';
import { ElementView } from './element.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { arrayOf, child, children, type Fields, fieldsOf, flag, has, str, textOf } from './fields.ts';
import { Picture } from './picture.tsx';
import { RichText } from './rich-text.tsx';
import { PlainText, TextObject } from './text.tsx';

type BlockProps = { readonly block: Fields };

/** Drawn by slack-blocks-to-jsx, in a bundle of its own: 1 MB that most workspaces never load. */
const LibraryBlock = lazy(async () => {
  const { LibraryBlock: component } = await import('./library-block.tsx');
  return { default: component };
});

const BLOCKS: Readonly<Record<string, (props: BlockProps) => ReactNode>> = {
  section: SectionBlock,
  header: HeaderBlock,
  divider: () => <hr />,
  context: ContextBlock,
  actions: ActionsBlock,
  context_actions: ActionsBlock,
  input: InputBlock,
  image: ImageBlock,
  rich_text: RichText,
  table: TableBlock,
  data_table: DataTable,
  plan: PlanBlock,
  task_card: TaskCard,
  alert: AlertBlock,
  container: ContainerBlock,
  card: CardBlock,
  carousel: CarouselBlock,
  markdown: FromLibrary,
  data_visualization: FromLibrary,
};

export function Blocks({ blocks }: { readonly blocks: readonly unknown[] }) {
  return (
    <div className="blocks">
      {blocks.map(fieldsOf).map((block, index) => (
        <BlockView key={str(block, 'block_id') || `${index}`} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: BlockProps) {
  const type = str(block, 'type');
  const Drawn = Object.hasOwn(BLOCKS, type) ? BLOCKS[type] : undefined;
  if (Drawn) {
    return (
      <ErrorBoundary what={`the block “${type}”`}>
        <Drawn block={block} />
      </ErrorBoundary>
    );
  }
  return <p className="unknown">The rehearsal page does not draw the block “{type}”.</p>;
}

function FromLibrary({ block }: BlockProps) {
  return (
    <Suspense fallback={<p className="quiet">Loading…</p>}>
      <LibraryBlock block={block} />
    </Suspense>
  );
}

function HeaderBlock({ block }: BlockProps) {
  return (
    <h3 className="block-header">
      <PlainText text={textOf(block, 'text')} />
    </h3>
  );
}

function SectionBlock({ block }: BlockProps) {
  const accessory = child(block, 'accessory');
  return (
    <div className="section">
      <div className="section-text">
        {has(block, 'text') && <TextObject text={child(block, 'text')} />}
        {children(block, 'fields').length > 0 && (
          <div className="fields">
            {children(block, 'fields').map((field, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: fields have no identity but their place
              <TextObject key={index} text={field} />
            ))}
          </div>
        )}
      </div>
      {has(block, 'accessory') && (
        <div className="accessory">
          <ElementView blockId={str(block, 'block_id')} element={accessory} dispatches />
        </div>
      )}
    </div>
  );
}

function ContextBlock({ block }: BlockProps) {
  return (
    <div className="context">
      {children(block, 'elements').map((element, index) =>
        str(element, 'type') === 'image' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: context elements have no identity but their place
          <Picture key={index} image={element} className="context-image" />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: context elements have no identity but their place
          <TextObject key={index} text={element} />
        ),
      )}
    </div>
  );
}

function ActionsBlock({ block }: BlockProps) {
  return (
    <div className="actions">
      {children(block, 'elements').map((element) => (
        <ElementView key={str(element, 'action_id')} blockId={str(block, 'block_id')} element={element} dispatches />
      ))}
    </div>
  );
}

function ImageBlock({ block }: BlockProps) {
  return (
    <figure className="image-block">
      {has(block, 'title') && <figcaption>{textOf(block, 'title')}</figcaption>}
      <Picture image={block} className="block-image" />
    </figure>
  );
}

/** A container: a titled box of blocks that may fold away. */
function ContainerBlock({ block }: BlockProps) {
  const [isOpen, setOpen] = useState(!flag(block, 'default_collapsed'));
  const folds = flag(block, 'is_collapsible');
  return (
    <section className="container-block">
      <div className="container-head">
        <div>
          {has(block, 'rich_text_title') && <RichText block={child(block, 'rich_text_title')} />}
          {has(block, 'title') && <h4>{textOf(block, 'title')}</h4>}
          {has(block, 'subtitle') && <TextObject text={child(block, 'subtitle')} />}
        </div>
        {folds && (
          <button type="button" className="link-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Show less' : 'Show more'}
          </button>
        )}
      </div>
      {(isOpen || !folds) && <Blocks blocks={arrayOf(block['child_blocks'])} />}
    </section>
  );
}
