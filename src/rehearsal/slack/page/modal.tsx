import { useEffect, useRef, useState } from 'react';
import type { UiView } from '../ui-protocol.ts';
import { Blocks } from './blocks.tsx';
import { explain, postControl } from './control.ts';
import { Dialog } from './dialog.tsx';
import { type FormValues, formValues, missingInputs } from './element-values.ts';
import { arrayOf, textOf } from './fields.ts';
import { SurfaceProvider } from './surface.tsx';
import { PlainText } from './text.tsx';
import { useWorkspace } from './workspace-context.tsx';

type Props = { readonly view: UiView; readonly depth: number; readonly errors: Readonly<Record<string, string>> };

/** The top of the stack. What was typed survives an update of the view as long as block and action ids stay. */
export function Modal({ view, depth, errors }: Props) {
  const { viewer } = useWorkspace();
  const [values, setValues] = useState<FormValues>({});
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const blocks = arrayOf(view['blocks']);
  const title = textOf(view, 'title');
  const submitLabel = textOf(view, 'submit');

  const form = useFirstErrorFocus({ ...errors, ...missing });

  const close = () => void postControl('close-view', { viewId: view.id, user: viewer });
  /** The cross closes all that are stacked, Cancel and Escape only the one on top. */
  const closeAll = () => void postControl('close-view', { viewId: view.id, user: viewer, clear: true });
  const submit = async () => {
    const filled = formValues(blocks, values);
    const empty = missingInputs(blocks, filled);
    setMissing(empty);
    if (busy || Object.keys(empty).length > 0) return;
    setBusy(true);
    const answer = await postControl('submit', { viewId: view.id, user: viewer, values: filled });
    setBusy(false);
    setProblem(answer.ok ? '' : explain(answer));
  };
  return (
    <Dialog className="modal" label={title} onClose={close}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header className="modal-head">
          {depth > 1 && (
            <button type="button" className="close modal-back" aria-label="Back" onClick={close}>
              ‹
            </button>
          )}
          <h2>
            <PlainText text={title} />
          </h2>
          <button type="button" className="close" aria-label="Close" onClick={closeAll}>
            ✕
          </button>
        </header>
        <div className="modal-body">
          <SurfaceProvider
            place={{ viewId: view.id }}
            blocks={blocks}
            errors={{ ...errors, ...missing }}
            values={values}
            onValues={setValues}
          >
            <Blocks blocks={blocks} />
          </SurfaceProvider>
          {problem !== '' && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={close}>
            <PlainText text={textOf(view, 'close') || 'Cancel'} />
          </button>
          {submitLabel !== '' && (
            <button type="submit" className="button primary" disabled={busy}>
              <PlainText text={submitLabel} />
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

/** After a refused submit the first field that is wrong gets the focus, so that a keyboard need not search for it. */
function useFirstErrorFocus(errors: Readonly<Record<string, string>>) {
  const form = useRef<HTMLFormElement>(null);
  const key = Object.keys(errors).join(' ');
  useEffect(() => {
    if (key === '') return;
    const block = form.current?.querySelector('.field-error')?.closest('.input-block');
    block?.querySelector<HTMLElement>('input, textarea, button')?.focus();
  }, [key]);
  return form;
}
