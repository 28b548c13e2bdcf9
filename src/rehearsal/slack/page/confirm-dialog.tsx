import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { Dialog } from './dialog.tsx';
import { child, type Fields, str, textOf } from './fields.ts';
import { PlainText, TextObject } from './text.tsx';

type Ask = (confirm: Fields) => Promise<boolean>;
type Question = { readonly confirm: Fields; readonly answer: (yes: boolean) => void };

const Context = createContext<Ask | undefined>(undefined);

export function useConfirm(): Ask {
  const ask = useContext(Context);
  if (!ask) throw new Error('useConfirm needs a ConfirmProvider above it');
  return ask;
}

/** Asks Slack's confirm object in a dialog; Escape and Cancel mean no. */
export function ConfirmProvider({ children }: { readonly children: ReactNode }) {
  const [question, setQuestion] = useState<Question | undefined>(undefined);
  const ask = useCallback<Ask>(
    (confirm) => new Promise<boolean>((resolve) => setQuestion({ confirm, answer: resolve })),
    [],
  );
  const settle = (yes: boolean) => {
    question?.answer(yes);
    setQuestion(undefined);
  };
  return (
    <Context value={ask}>
      {children}
      {question && <Confirm confirm={question.confirm} onSettle={settle} />}
    </Context>
  );
}

function Confirm({ confirm, onSettle }: { readonly confirm: Fields; readonly onSettle: (yes: boolean) => void }) {
  const style = str(confirm, 'style') === 'danger' ? 'button danger-fill' : 'button primary';
  return (
    <Dialog className="confirm" label={textOf(confirm, 'title')} onClose={() => onSettle(false)}>
      <h2>
        <PlainText text={textOf(confirm, 'title')} />
      </h2>
      <TextObject text={child(confirm, 'text')} />
      <div className="dialog-foot">
        <button type="button" className="button" onClick={() => onSettle(false)}>
          {textOf(confirm, 'deny') || 'Cancel'}
        </button>
        <button type="button" className={style} onClick={() => onSettle(true)}>
          {textOf(confirm, 'confirm') || 'Yes'}
        </button>
      </div>
    </Dialog>
  );
}
