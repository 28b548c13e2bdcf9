import { type ReactNode, useEffect, useRef } from 'react';

type Props = {
  readonly label: string;
  readonly className: string;
  /** Escape was pressed. The owner decides whether the dialog goes: a modal belongs to the app. */
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** The browser's own modal dialog: it traps the focus, makes the rest inert and gives the focus back. */
export function Dialog({ label, className, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    const first = element?.querySelector<HTMLElement>('form input:not([type=hidden]), form textarea, form select');
    first?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      {children}
    </dialog>
  );
}
