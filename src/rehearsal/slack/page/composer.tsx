import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { explain, isToldBySlackbot, postControl } from './control.ts';
import { type Suggestion, suggest, toOutgoing } from './suggestions.ts';
import { useWorkspace } from './workspace-context.tsx';

type Props = {
  readonly channel: string;
  readonly threadTs?: string;
  readonly placeholder: string;
  readonly onSend: () => void;
};

const NONE = -1;

/** Enter sends, Shift+Enter breaks the line, Tab or Enter takes the suggestion chosen with the arrow keys. */
export function Composer({ channel, threadTs, placeholder, onSend }: Props) {
  const { snapshot, viewer, bot } = useWorkspace();
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(NONE);
  const [dismissed, setDismissed] = useState(false);
  const [problem, setProblem] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const listId = useId();

  const suggestions = dismissed ? [] : suggest(typed, snapshot.commands, bot?.name ?? '');

  const edit = (text: string) => {
    setTyped(text);
    setActive(NONE);
    setDismissed(false);
  };
  const take = (suggestion: Suggestion) => {
    edit(suggestion.insert);
    box.current?.focus();
  };
  const send = async () => {
    if (typed.trim() === '') return;
    const sent = typed;
    edit('');
    setProblem('');
    onSend();
    const outgoing = toOutgoing(sent, snapshot.users);
    const { type, ...body } = outgoing;
    const place = type === 'command' ? { threadTs } : { thread_ts: threadTs };
    const answer = await postControl(type, { channel, user: viewer, ...body, ...place });
    if (answer.ok) return;
    // Where Slack has words of its own it says them as Slackbot, right above.
    if (!isToldBySlackbot(answer)) setProblem(explain(answer));
    // What was refused can be corrected; what was typed meanwhile stays.
    setTyped((current) => (current === '' ? sent : current));
    setDismissed(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const act = keyAction(event, { suggestions, active });
    if (!act) return;
    event.preventDefault();
    if (act.type === 'move') setActive(act.to);
    else if (act.type === 'take') take(act.suggestion);
    else if (act.type === 'dismiss') setDismissed(true);
    else void send();
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {suggestions.length > 0 && <SuggestionList id={listId} suggestions={suggestions} active={active} onTake={take} />}
      {snapshot.sockets === 0 && (
        <p className="not-connected" role="status">
          The bot is not connected: commands will not be answered.
        </p>
      )}
      {problem !== '' && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="composer-box">
        <textarea
          ref={box}
          rows={Math.min(8, typed.split('\n').length)}
          value={typed}
          placeholder={placeholder}
          aria-label={placeholder}
          role="combobox"
          aria-expanded={suggestions.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
          onChange={(event) => edit(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="send" aria-label="Send" disabled={typed.trim() === ''}>
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M2.5 3.2v4.9L12 10l-9.500 1.900v4.900L18 10z" fill="currentColor" />
          </svg>
        </button>
      </div>
    </form>
  );
}

type KeyAction =
  | { readonly type: 'move'; readonly to: number }
  | { readonly type: 'take'; readonly suggestion: Suggestion }
  | { readonly type: 'dismiss' }
  | { readonly type: 'send' };

function keyAction(
  { key, shiftKey }: KeyboardEvent,
  { suggestions, active }: { readonly suggestions: readonly Suggestion[]; readonly active: number },
): KeyAction | undefined {
  const chosen = suggestions[active];
  if (key === 'Enter' && !shiftKey) return chosen ? { type: 'take', suggestion: chosen } : { type: 'send' };
  const first = suggestions[0];
  if (!first) return undefined;
  if (key === 'Tab' && !shiftKey) return { type: 'take', suggestion: chosen ?? first };
  if (key === 'Escape') return { type: 'dismiss' };
  if (key === 'ArrowDown') return { type: 'move', to: (active + 1) % suggestions.length };
  if (key === 'ArrowUp')
    return { type: 'move', to: (Math.max(active, 0) - 1 + suggestions.length) % suggestions.length };
  return undefined;
}

type ListProps = {
  readonly id: string;
  readonly suggestions: readonly Suggestion[];
  readonly active: number;
  readonly onTake: (suggestion: Suggestion) => void;
};

function SuggestionList({ id, suggestions, active, onTake }: ListProps) {
  return (
    <div className="suggestions" id={id} role="listbox" aria-label="Commands">
      {suggestions.map((suggestion, index) => (
        <button
          key={suggestion.insert}
          id={`${id}-${index}`}
          type="button"
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className="suggestion"
          // The textarea keeps the focus, so that typing goes on.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          <span>{suggestion.insert}</span>
          {suggestion.hint !== '' && <small>{suggestion.hint}</small>}
        </button>
      ))}
      <p className="keys wide-only">Tab completes · ↑↓ choose · Enter sends</p>
    </div>
  );
}
