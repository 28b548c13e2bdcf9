import { arrayOf, type Fields, fieldsOf, str, strings } from './fields.ts';

/**
 * Slack's state value of an element, as in `view.state.values[block_id][action_id]` and, with ids added, in a
 * block_actions payload. Reference: Slack's "view_submission payloads" and each element's page.
 */
export type ElementValue = { readonly type: string } & Fields;

/** Values of one surface, by block id, then action id. */
export type FormValues = Readonly<Record<string, Readonly<Record<string, ElementValue>>>>;

const TYPED = new Set(['plain_text_input', 'email_text_input', 'url_text_input', 'number_input']);

/** Which field of the value holds the choice, by element type. */
const CHOICE_FIELD: Readonly<Record<string, string>> = {
  static_select: 'selected_option',
  external_select: 'selected_option',
  radio_buttons: 'selected_option',
  users_select: 'selected_user',
  channels_select: 'selected_channel',
  conversations_select: 'selected_conversation',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
  datetimepicker: 'selected_date_time',
};

const CHOICES_FIELD: Readonly<Record<string, string>> = {
  checkboxes: 'selected_options',
  multi_static_select: 'selected_options',
  multi_external_select: 'selected_options',
  multi_users_select: 'selected_users',
  multi_channels_select: 'selected_channels',
  multi_conversations_select: 'selected_conversations',
};

const INITIAL_FIELD: Readonly<Record<string, string>> = {
  selected_option: 'initial_option',
  selected_user: 'initial_user',
  selected_channel: 'initial_channel',
  selected_conversation: 'initial_conversation',
  selected_date: 'initial_date',
  selected_time: 'initial_time',
  selected_date_time: 'initial_date_time',
  selected_options: 'initial_options',
  selected_users: 'initial_users',
  selected_channels: 'initial_channels',
  selected_conversations: 'initial_conversations',
};

/** What Slack submits for an element that nobody touched; `undefined` for elements without a value (buttons). */
export function initialValue(element: Fields): ElementValue | undefined {
  const type = str(element, 'type');
  if (TYPED.has(type)) return { type, value: str(element, 'initial_value') || null };
  const one = CHOICE_FIELD[type];
  if (one) return { type, [one]: element[INITIAL_FIELD[one] ?? ''] ?? null };
  const many = CHOICES_FIELD[type];
  if (many) return { type, [many]: arrayOf(element[INITIAL_FIELD[many] ?? '']) };
  return undefined;
}

export function typedValue(type: string, text: string): ElementValue {
  return { type, value: text === '' ? null : text };
}

/** The value after a person chose `choice` (an option object, an id or a date; `null` clears). */
export function chosenValue(type: string, choice: unknown): ElementValue {
  return { type, [CHOICE_FIELD[type] ?? 'value']: choice };
}

export function chosenValues(type: string, choices: readonly unknown[]): ElementValue {
  return { type, [CHOICES_FIELD[type] ?? 'selected_options']: choices };
}

/** The one choice inside a value, whatever the element calls it. */
export function choiceIn(value: ElementValue): unknown {
  return value[CHOICE_FIELD[value.type] ?? ''] ?? null;
}

export function choicesIn(value: ElementValue): readonly unknown[] {
  return arrayOf(value[CHOICES_FIELD[value.type] ?? '']);
}

/** The option's `value`, or the id itself for users and channels: what tells two choices apart. */
export function choiceKey(choice: unknown): string {
  return typeof choice === 'string' ? choice : str(fieldsOf(choice), 'value');
}

/** Every interactive element of the blocks with its block id, containers included. */
function elementsOf(blocks: readonly unknown[]): readonly { blockId: string; element: Fields }[] {
  return blocks.map(fieldsOf).flatMap((block) => {
    const blockId = str(block, 'block_id');
    const own = [...arrayOf(block['elements']), block['element'], block['accessory']].map(fieldsOf);
    const nested = elementsOf(arrayOf(block['child_blocks']));
    return [...own.filter((element) => 'action_id' in element).map((element) => ({ blockId, element })), ...nested];
  });
}

/** What a submit sends: each element's touched value, else its initial one. */
export function formValues(blocks: readonly unknown[], touched: FormValues): FormValues {
  const values: Record<string, Record<string, ElementValue>> = {};
  for (const { blockId, element } of elementsOf(blocks)) {
    const actionId = str(element, 'action_id');
    const value = touched[blockId]?.[actionId] ?? initialValue(element);
    if (value) values[blockId] = { ...values[blockId], [actionId]: value };
  }
  return values;
}

/** Input blocks that must have a value and have none, with Slack's own words for it. */
export function missingInputs(blocks: readonly unknown[], values: FormValues): Readonly<Record<string, string>> {
  const missing: Record<string, string> = {};
  for (const block of blocks.map(fieldsOf)) {
    if (str(block, 'type') !== 'input' || block['optional'] === true) continue;
    const element = fieldsOf(block['element']);
    const blockId = str(block, 'block_id');
    const value = values[blockId]?.[str(element, 'action_id')];
    if (value && isEmpty(value)) missing[blockId] = 'Please complete this required field.';
  }
  return missing;
}

function isEmpty({ type: _, ...fields }: ElementValue): boolean {
  return Object.values(fields).every((field) => field === null || (Array.isArray(field) && field.length === 0));
}

/** The options an element offers, groups flattened with their label. */
export function staticOptions(element: Fields): readonly { option: Fields; group: string }[] {
  const plain = arrayOf(element['options']).map((option) => ({ option: fieldsOf(option), group: '' }));
  const grouped = arrayOf(element['option_groups'])
    .map(fieldsOf)
    .flatMap((group) =>
      arrayOf(group['options']).map((option) => ({
        option: fieldsOf(option),
        group: str(fieldsOf(group['label']), 'text'),
      })),
    );
  return [...plain, ...grouped];
}

/** The ids a filter of conversations_select leaves in; an absent filter leaves all. */
export function wantsKind(element: Fields, kind: string): boolean {
  const include = strings(fieldsOf(element['filter']), 'include');
  return include.length === 0 || include.includes(kind);
}
