import type { InputHTMLAttributes } from 'react';
import type { ElementProps } from './element.tsx';
import { choiceIn, chosenValue, type ElementValue, typedValue } from './element-values.ts';
import { child, type Fields, flag, num, str, strings, textOf } from './fields.ts';
import { useSurface } from './surface.tsx';

const INPUT_TYPES: Readonly<Record<string, InputHTMLAttributes<HTMLInputElement>>> = {
  email_text_input: { type: 'email' },
  url_text_input: { type: 'url' },
  number_input: { type: 'text', inputMode: 'decimal' },
};

/** plain_text_input (one or many lines), email, url and number. */
export function TypedInput({ blockId, element, dispatches, labelledBy }: ElementProps) {
  const surface = useSurface();
  const type = str(element, 'type');
  const value = surface.valueOf(blockId, element) ?? typedValue(type, '');
  const shared = {
    className: 'text-input',
    value: str(value, 'value'),
    placeholder: textOf(element, 'placeholder'),
    maxLength: num(element, 'max_length'),
    'aria-labelledby': labelledBy,
    'aria-invalid': surface.errors[blockId] !== undefined,
    'aria-describedby': labelledBy ? `${labelledBy}-error` : undefined,
  };
  const change = (text: string) => surface.setValue(blockId, str(element, 'action_id'), typedValue(type, text));
  if (flag(element, 'multiline')) {
    return <textarea {...shared} rows={4} onChange={(event) => change(event.target.value)} />;
  }
  return (
    <input
      {...shared}
      type="text"
      {...INPUT_TYPES[type]}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !dispatches || !dispatchesOnEnter(element)) return;
        event.preventDefault();
        void surface.act(blockId, element, { value: shared.value });
      }}
    />
  );
}

/** Without a dispatch_action_config, Enter dispatches. */
function dispatchesOnEnter(element: Fields): boolean {
  const triggers = strings(child(element, 'dispatch_action_config'), 'trigger_actions_on');
  return triggers.length === 0 || triggers.includes('on_enter_pressed');
}

const DATE_TYPES: Readonly<Record<string, string>> = {
  datepicker: 'date',
  timepicker: 'time',
  datetimepicker: 'datetime-local',
};

/** datepicker, timepicker and datetimepicker, with the browser's own pickers. */
export function DateInput({ blockId, element, dispatches, labelledBy }: ElementProps) {
  const surface = useSurface();
  const type = str(element, 'type');
  const value = surface.valueOf(blockId, element) ?? { type };
  const change = (text: string) => {
    const next: ElementValue = chosenValue(type, toSlackDate(type, text));
    surface.setValue(blockId, str(element, 'action_id'), next);
    const { type: _, ...fields } = next;
    if (dispatches) void surface.act(blockId, element, fields);
  };
  return (
    <input
      className="text-input date"
      type={DATE_TYPES[type]}
      disabled={surface.busy}
      value={fromSlackDate(choiceIn(value))}
      aria-labelledby={labelledBy}
      aria-label={labelledBy ? undefined : textOf(element, 'placeholder') || 'Date'}
      onChange={(event) => change(event.target.value)}
    />
  );
}

/** datetimepicker counts in Unix seconds, the other two are the browser's own strings. */
function toSlackDate(type: string, text: string): string | number | null {
  if (text === '') return null;
  return type === 'datetimepicker' ? Math.round(new Date(text).getTime() / 1_000) : text;
}

function fromSlackDate(choice: unknown): string {
  if (typeof choice === 'string') return choice;
  if (typeof choice !== 'number') return '';
  const local = new Date(choice * 1_000 - new Date(choice * 1_000).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
