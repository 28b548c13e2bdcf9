import { useId } from 'react';
import { ElementView } from './element.tsx';
import { child, type Fields, flag, has, str, textOf } from './fields.ts';
import { useSurface } from './surface.tsx';
import { PlainText } from './text.tsx';

export function InputBlock({ block }: { readonly block: Fields }) {
  const { errors } = useSurface();
  const labelId = useId();
  const blockId = str(block, 'block_id');
  const error = errors[blockId];
  return (
    <div className="input-block">
      <div className="label" id={labelId}>
        <PlainText text={textOf(block, 'label')} />
        {flag(block, 'optional') && <span className="quiet"> (optional)</span>}
      </div>
      <ElementView
        blockId={blockId}
        element={child(block, 'element')}
        dispatches={flag(block, 'dispatch_action')}
        labelledBy={labelId}
      />
      {error !== undefined && (
        <p className="field-error" id={`${labelId}-error`} role="alert">
          {error}
        </p>
      )}
      {has(block, 'hint') && <p className="hint">{textOf(block, 'hint')}</p>}
    </div>
  );
}
