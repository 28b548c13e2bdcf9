import { useId, useState } from 'react';
import type { UiSwitch, UiSwitchboard } from '../ui-protocol.ts';
import { explain, postControl } from './control.ts';
import { useWorkspace } from './workspace-context.tsx';

/** Switches that are not `off`, over all boards: things that are broken on purpose right now. */
export function brokenCount(boards: readonly UiSwitchboard[]): number {
  return boards.flatMap(({ switches }) => switches).filter(({ value, options }) => value !== options[0]?.value).length;
}

/** The panel with which people break things, beside the messages so that the effect is seen at once. */
export function SwitchboardPanel({ onClose }: { readonly onClose: () => void }) {
  const { snapshot } = useWorkspace();
  const [problem, setProblem] = useState('');
  const titleId = useId();
  const turn = async (board: string, id: string, value: string) => {
    const answer = await postControl('faults', { board, id, value });
    setProblem(answer.ok ? '' : explain(answer));
  };
  return (
    <section
      className="switchboard"
      aria-labelledby={titleId}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="pane-head">
        <h2 id={titleId}>Break things</h2>
        <button type="button" className="close" aria-label="Close the switchboard" onClick={onClose}>
          ✕
        </button>
      </header>
      <p className="quiet">
        {snapshot.sockets === 0 ? 'Bot not connected' : `Bot connected over ${connections(snapshot.sockets)}`}
      </p>
      {problem !== '' && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {snapshot.switchboards.map((board) => (
        <fieldset key={board.id}>
          <legend>{board.title}</legend>
          {board.switches.map((control) => (
            <SwitchRow key={control.id} control={control} onTurn={(value) => void turn(board.id, control.id, value)} />
          ))}
        </fieldset>
      ))}
      {snapshot.switchboards.length === 0 && <p className="quiet">This workspace has nothing to break.</p>}
    </section>
  );
}

function SwitchRow({ control, onTurn }: { readonly control: UiSwitch; readonly onTurn: (value: string) => void }) {
  const isBroken = control.value !== control.options[0]?.value;
  return (
    <label className={isBroken ? 'switch broken' : 'switch'}>
      <span>{control.label}</span>
      <select value={control.value} onChange={(event) => onTurn(event.target.value)}>
        {control.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function connections(count: number): string {
  return count === 1 ? '1 socket' : `${count} sockets`;
}
