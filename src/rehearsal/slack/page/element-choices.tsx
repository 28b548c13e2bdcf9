import { useId } from 'react';
import type { ElementProps } from './element.tsx';
import {
  choiceIn,
  choiceKey,
  choicesIn,
  chosenValue,
  chosenValues,
  type ElementValue,
  staticOptions,
} from './element-values.ts';
import { child, type Fields, has, str } from './fields.ts';
import { useSurface } from './surface.tsx';
import { TextObject } from './text.tsx';

/** checkboxes and radio_buttons. */
export function ChoiceList({ blockId, element, dispatches, labelledBy }: ElementProps) {
  const surface = useSurface();
  const name = useId();
  const type = str(element, 'type');
  const isMulti = type === 'checkboxes';
  const value = surface.valueOf(blockId, element) ?? { type };
  const chosen = isMulti ? choicesIn(value) : [choiceIn(value)];

  const change = (option: Fields, checked: boolean) => {
    const next = isMulti ? toggled(type, chosen, { option, checked }) : chosenValue(type, option);
    surface.setValue(blockId, str(element, 'action_id'), next);
    const { type: _, ...fields } = next;
    if (dispatches) void surface.act(blockId, element, fields);
  };
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: group and radiogroup both take a name
    <div role={isMulti ? 'group' : 'radiogroup'} aria-labelledby={labelledBy} className="choices">
      {staticOptions(element).map(({ option }) => (
        <label key={str(option, 'value')} className="choice">
          <input
            type={isMulti ? 'checkbox' : 'radio'}
            name={name}
            disabled={surface.busy}
            checked={chosen.some((other) => choiceKey(other) === choiceKey(option))}
            onChange={(event) => change(option, event.target.checked)}
          />
          <span>
            <TextObject text={child(option, 'text')} />
            {has(option, 'description') && (
              <small>
                <TextObject text={child(option, 'description')} />
              </small>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}

function toggled(
  type: string,
  chosen: readonly unknown[],
  { option, checked }: { readonly option: Fields; readonly checked: boolean },
): ElementValue {
  const rest = chosen.filter((other) => choiceKey(other) !== choiceKey(option));
  return chosenValues(type, checked ? [...rest, option] : rest);
}
