import { useEffect, useRef, useState } from 'react';
import type { ElementProps } from './element.tsx';
import {
  choiceIn,
  choiceKey,
  choicesIn,
  chosenValue,
  chosenValues,
  type ElementValue,
  staticOptions,
  wantsKind,
} from './element-values.ts';
import { type Fields, fieldsOf, num, str, textOf } from './fields.ts';
import { Popover } from './popover.tsx';
import { useSurface } from './surface.tsx';
import { useWorkspace, type Workspace } from './workspace-context.tsx';

/** `choice` is what Slack submits: an option object, or the id of a user or channel. */
type Option = {
  readonly choice: unknown;
  readonly label: string;
  readonly description: string;
  readonly group: string;
};

/** All five kinds of select menu, single and multi. */
export function SelectElement({ blockId, element, dispatches, labelledBy }: ElementProps) {
  const surface = useSurface();
  const workspace = useWorkspace();
  const type = str(element, 'type');
  const isMulti = type.startsWith('multi_');
  const value = surface.valueOf(blockId, element) ?? { type };
  const chosen = isMulti ? choicesIn(value) : [choiceIn(value)].filter((choice) => choice !== null);
  const button = useRef<HTMLButtonElement>(null);

  const change = (next: ElementValue) => {
    surface.setValue(blockId, str(element, 'action_id'), next);
    const { type: _, ...fields } = next;
    if (dispatches) void surface.act(blockId, element, fields);
  };
  const choose = (choice: unknown) => {
    if (!isMulti) return change(chosenValue(type, choice));
    const rest = chosen.filter((other) => choiceKey(other) !== choiceKey(choice));
    const max = num(element, 'max_selected_items') ?? Number.POSITIVE_INFINITY;
    if (rest.length < chosen.length) change(chosenValues(type, rest));
    else if (chosen.length < max) change(chosenValues(type, [...chosen, choice]));
  };

  const shown = chosen.map((choice) => labelOf(choice, workspace)).join(', ');
  const placeholder = textOf(element, 'placeholder') || 'Select an item';
  return (
    <Popover
      anchor={button}
      role="dialog"
      label={placeholder}
      trigger={(toggle, isOpen) => (
        <button
          ref={button}
          type="button"
          className={`select ${shown === '' ? 'empty' : ''}`}
          disabled={surface.busy}
          aria-haspopup="listbox"
          aria-expanded={isOpen}
          aria-labelledby={labelledBy}
          aria-label={labelledBy ? undefined : `${placeholder}: ${shown || 'nothing chosen'}`}
          onClick={toggle}
        >
          <span>{shown || placeholder}</span>
        </button>
      )}
    >
      {(close) => (
        <OptionPicker
          blockId={blockId}
          element={element}
          chosenKeys={chosen.map(choiceKey)}
          onChoose={(choice) => {
            choose(choice);
            if (!isMulti) close();
          }}
        />
      )}
    </Popover>
  );
}

type PickerProps = {
  readonly blockId: string;
  readonly element: Fields;
  readonly chosenKeys: readonly string[];
  readonly onChoose: (choice: unknown) => void;
};

const FILTER_DEBOUNCE_MS = 150;
/** Slack's default for external selects. */
const MIN_QUERY_LENGTH = 3;

function OptionPicker({ blockId, element, chosenKeys, onChoose }: PickerProps) {
  const [typed, setTyped] = useState('');
  const { options, empty } = useOptions(blockId, element, typed);
  const isMulti = str(element, 'type').startsWith('multi_');
  return (
    <>
      <input
        className="filter"
        aria-label="Filter options"
        placeholder="Type to filter"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          const first = options[0];
          if (event.key !== 'Enter') return;
          event.preventDefault();
          if (first) onChoose(first.choice);
        }}
      />
      <div role="listbox" aria-label="Options" aria-multiselectable={isMulti} className="options">
        {options.map((option, index) => (
          <OptionRow
            key={choiceKey(option.choice)}
            option={option}
            showGroup={option.group !== '' && option.group !== options[index - 1]?.group}
            isChosen={chosenKeys.includes(choiceKey(option.choice))}
            onChoose={() => onChoose(option.choice)}
          />
        ))}
        {options.length === 0 && <p className="none">{empty}</p>}
      </div>
    </>
  );
}

type RowProps = {
  readonly option: Option;
  readonly showGroup: boolean;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
};

function OptionRow({ option, showGroup, isChosen, onChoose }: RowProps) {
  return (
    <>
      {showGroup && <p className="group">{option.group}</p>}
      <button type="button" role="option" aria-selected={isChosen} className="option" onClick={onChoose}>
        {option.label}
        {option.description !== '' && <small>{option.description}</small>}
      </button>
    </>
  );
}

/** Static options are filtered here; external ones are asked from the app, once typing pauses. */
function useOptions(blockId: string, element: Fields, typed: string) {
  const workspace = useWorkspace();
  const { loadOptions } = useSurface();
  const isExternal = str(element, 'type').endsWith('external_select');
  const [loaded, setLoaded] = useState<readonly Option[] | undefined>(undefined);
  const actionId = str(element, 'action_id');
  const minimum = num(element, 'min_query_length') ?? MIN_QUERY_LENGTH;
  const tooShort = typed.length < minimum;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the surface is a new object after every post; asking again then would loop
  useEffect(() => {
    if (!isExternal || tooShort) return;
    let current = true;
    const timer = setTimeout(async () => {
      const options = await loadOptions(blockId, actionId, typed);
      if (current) setLoaded(options.map((option) => toOption(option, '')));
    }, FILTER_DEBOUNCE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [isExternal, tooShort, blockId, actionId, typed]);

  if (isExternal && tooShort) return { options: [], empty: `Type at least ${minimum} characters` };
  if (isExternal) return { options: loaded ?? [], empty: loaded ? 'No results' : 'Loading…' };
  const wanted = typed.toLowerCase();
  const options = knownOptions(element, workspace).filter(({ label }) => label.toLowerCase().includes(wanted));
  return { options, empty: 'No results' };
}

function knownOptions(element: Fields, workspace: Workspace): readonly Option[] {
  const type = str(element, 'type');
  const { users, channels } = workspace.snapshot;
  if (type.endsWith('users_select')) return users.map(({ id, realName }) => toIdOption(id, `@${realName}`));
  if (type.endsWith('static_select')) return staticOptions(element).map(({ option, group }) => toOption(option, group));
  return channels
    .filter(({ isPrivate }) => wantsKind(element, isPrivate ? 'private' : 'public'))
    .map(({ id, name }) => toIdOption(id, `#${name}`));
}

function toOption(option: Fields, group: string): Option {
  return { choice: option, label: textOf(option, 'text'), description: textOf(option, 'description'), group };
}

function toIdOption(id: string, label: string): Option {
  return { choice: id, label, description: '', group: '' };
}

function labelOf(choice: unknown, { user, channelName }: Workspace): string {
  if (typeof choice !== 'string') return textOf(fieldsOf(choice), 'text');
  const person = user(choice);
  return person ? `@${person.realName}` : `#${channelName(choice)}`;
}
