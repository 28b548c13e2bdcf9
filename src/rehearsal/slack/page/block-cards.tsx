import { ElementView } from './element.tsx';
import { child, children, type Fields, has, str } from './fields.ts';
import { Picture } from './picture.tsx';
import { TextObject } from './text.tsx';

type BlockProps = { readonly block: Fields };

export function AlertBlock({ block }: BlockProps) {
  return (
    <div className={`alert ${str(block, 'level') || 'default'}`} role="note">
      <TextObject text={child(block, 'text')} />
    </div>
  );
}

export function CardBlock({ block }: BlockProps) {
  return (
    <article className="card">
      {has(block, 'hero_image') && <Picture image={child(block, 'hero_image')} className="card-hero" />}
      {(['title', 'subtitle', 'body'] as const).map(
        (part) =>
          has(block, part) && (
            <div key={part} className={`card-${part}`}>
              <TextObject text={child(block, part)} />
            </div>
          ),
      )}
      <div className="actions">
        {children(block, 'actions').map((element) => (
          <ElementView key={str(element, 'action_id')} blockId={str(block, 'block_id')} element={element} dispatches />
        ))}
      </div>
    </article>
  );
}

export function CarouselBlock({ block }: BlockProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="carousel" aria-label="Cards" tabIndex={0}>
      {children(block, 'elements').map((card, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cards have no identity but their place
        <CardBlock key={index} block={card} />
      ))}
    </section>
  );
}
