import { useRef } from 'react';
import type { ElementProps } from './element.tsx';
import { child, children, type Fields, str, textOf } from './fields.ts';
import { isSafeUrl } from './mrkdwn.ts';
import { Popover } from './popover.tsx';
import { localHref } from './route.ts';
import { useSurface } from './surface.tsx';
import { PlainText } from './text.tsx';

const STYLES: Readonly<Record<string, string>> = { primary: 'button primary', danger: 'button danger' };

export function ButtonElement({ blockId, element }: ElementProps) {
  const { busy, act } = useSurface();
  const press = async () => {
    openUrl(str(element, 'url'));
    const value = str(element, 'value');
    await act(blockId, element, { text: element['text'], ...(value === '' ? {} : { value }) });
  };
  return (
    <button
      type="button"
      className={STYLES[str(element, 'style')] ?? 'button'}
      disabled={busy}
      aria-label={str(element, 'accessibility_label') || undefined}
      onClick={() => void press()}
    >
      <PlainText text={textOf(element, 'text')} />
      {str(element, 'url') !== '' && <span aria-hidden="true"> ↗</span>}
    </button>
  );
}

/** Slack opens a button's url and tells the app of the click as well. */
function openUrl(url: string): void {
  if (!isSafeUrl(url)) return;
  const href = localHref(url, window.location.host);
  if (href.startsWith('#')) window.location.hash = href;
  else window.open(href, '_blank', 'noopener,noreferrer');
}

/** A pair under one action id; which of the two was pressed is in the value. */
export function FeedbackButtons({ element, ...props }: ElementProps) {
  return (['positive_button', 'negative_button'] as const).map((which) => (
    <ButtonElement key={which} {...props} element={{ ...element, ...child(element, which), type: element['type'] }} />
  ));
}

export function IconButton({ blockId, element }: ElementProps) {
  const { busy, act } = useSurface();
  const label = textOf(element, 'text') || str(element, 'accessibility_label') || str(element, 'icon');
  return (
    <button
      type="button"
      className="button"
      disabled={busy}
      onClick={() => void act(blockId, element, { value: str(element, 'value') })}
    >
      <PlainText text={label} />
    </button>
  );
}

export function OverflowMenu({ blockId, element }: ElementProps) {
  const { busy, act } = useSurface();
  const button = useRef<HTMLButtonElement>(null);
  return (
    <Popover
      anchor={button}
      role="menu"
      label="More actions"
      trigger={(toggle, isOpen) => (
        <button
          ref={button}
          type="button"
          className="button overflow"
          disabled={busy}
          aria-label="More actions"
          aria-haspopup="menu"
          aria-expanded={isOpen}
          onClick={toggle}
        >
          ⋯
        </button>
      )}
    >
      {(close) =>
        children(element, 'options').map((option) => (
          <MenuItem
            key={str(option, 'value')}
            option={option}
            onPick={() => {
              close();
              openUrl(str(option, 'url'));
              void act(blockId, element, { selected_option: option });
            }}
          />
        ))
      }
    </Popover>
  );
}

function MenuItem({ option, onPick }: { readonly option: Fields; readonly onPick: () => void }) {
  return (
    <button type="button" role="menuitem" className="option" onClick={onPick}>
      <PlainText text={textOf(option, 'text')} />
      {textOf(option, 'description') !== '' && <small>{textOf(option, 'description')}</small>}
    </button>
  );
}
