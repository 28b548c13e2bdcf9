import { type ReactNode, type RefObject, useRef, useState } from 'react';

type Props = {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly role: 'menu' | 'dialog';
  readonly label: string;
  readonly trigger: (toggle: () => void, isOpen: boolean) => ReactNode;
  readonly children: (close: () => void) => ReactNode;
};

const GAP_PX = 4;
const EDGE_PX = 8;

/**
 * A menu in the browser's top layer: never clipped by a scrolling pane or a dialog, closed by Escape or a click
 * beside it. Arrow keys walk through its options.
 */
export function Popover({ anchor, role, label, trigger, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    box.current?.hidePopover();
    anchor.current?.focus();
  };
  const toggle = () => box.current?.togglePopover();
  const onToggle = (open: boolean) => {
    setOpen(open);
    if (open) requestAnimationFrame(() => place(box.current, anchor.current));
  };
  return (
    <>
      {trigger(toggle, isOpen)}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its role, menu or dialog, comes from the caller */}
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a name */}
      <div
        ref={box}
        popover="auto"
        role={role}
        aria-label={label}
        className="popover"
        tabIndex={-1}
        onToggle={(event) => onToggle(event.newState === 'open')}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          moveFocus(box.current, step);
        }}
      >
        {isOpen && children(close)}
      </div>
    </>
  );
}

/** Below the anchor where there is room, else above; always inside the window. */
function place(box: HTMLElement | null, anchor: HTMLElement | null): void {
  if (!box || !anchor) return;
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = at.bottom + GAP_PX;
  const fits = below + height <= window.innerHeight - EDGE_PX;
  box.style.minWidth = `${Math.round(at.width)}px`;
  box.style.left = `${Math.max(EDGE_PX, Math.min(at.left, window.innerWidth - width - EDGE_PX))}px`;
  box.style.top = `${fits ? below : Math.max(EDGE_PX, at.top - height - GAP_PX)}px`;
  box.querySelector<HTMLElement>('input, [role=menuitem], [role=option]')?.focus();
}

function moveFocus(box: HTMLElement | null, step: number): void {
  const options = [...(box?.querySelectorAll<HTMLElement>('[role=menuitem], [role=option]') ?? [])];
  const at = options.findIndex((option) => option.matches(':focus'));
  const first = step > 0 ? 0 : options.length - 1;
  options[at < 0 ? first : (at + step + options.length) % options.length]?.focus();
}
