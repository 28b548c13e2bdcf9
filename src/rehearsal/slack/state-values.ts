import { elementsOf, type Found } from './elements.ts';
import { asList, isJson, type Json } from './json.ts';

/** `state.values` of a payload: by block_id, then by action_id. */
export type StateValues = Record<string, Record<string, unknown>>;

/** Where an element keeps what was entered, where its default is, and what it holds while nothing is entered. */
const STATEFUL: Readonly<
  Record<string, { readonly field: string; readonly initial: string; readonly empty: unknown }>
> = {
  plain_text_input: { field: 'value', initial: 'initial_value', empty: null },
  number_input: { field: 'value', initial: 'initial_value', empty: null },
  email_text_input: { field: 'value', initial: 'initial_value', empty: null },
  url_text_input: { field: 'value', initial: 'initial_value', empty: null },
  rich_text_input: { field: 'rich_text_value', initial: 'initial_value', empty: null },
  file_input: { field: 'files', initial: '', empty: [] },
  static_select: { field: 'selected_option', initial: 'initial_option', empty: null },
  external_select: { field: 'selected_option', initial: 'initial_option', empty: null },
  radio_buttons: { field: 'selected_option', initial: 'initial_option', empty: null },
  users_select: { field: 'selected_user', initial: 'initial_user', empty: null },
  channels_select: { field: 'selected_channel', initial: 'initial_channel', empty: null },
  conversations_select: { field: 'selected_conversation', initial: 'initial_conversation', empty: null },
  multi_static_select: { field: 'selected_options', initial: 'initial_options', empty: [] },
  multi_external_select: { field: 'selected_options', initial: 'initial_options', empty: [] },
  checkboxes: { field: 'selected_options', initial: 'initial_options', empty: [] },
  multi_users_select: { field: 'selected_users', initial: 'initial_users', empty: [] },
  multi_channels_select: { field: 'selected_channels', initial: 'initial_channels', empty: [] },
  multi_conversations_select: { field: 'selected_conversations', initial: 'initial_conversations', empty: [] },
  datepicker: { field: 'selected_date', initial: 'initial_date', empty: null },
  timepicker: { field: 'selected_time', initial: 'initial_time', empty: null },
  datetimepicker: { field: 'selected_date_time', initial: 'initial_date_time', empty: null },
};

/** The field that carries what was entered, undefined for elements without state such as buttons. */
export function valueField(type: unknown): string | undefined {
  return STATEFUL[String(type)]?.field;
}

function initialValue(element: Json): Json | undefined {
  const kind = STATEFUL[String(element['type'])];
  return kind && { type: element['type'], [kind.field]: element[kind.initial] ?? kind.empty };
}

/** What Slack reports as entered: defaults where nobody touched anything, else what was entered. */
export function stateOf(blocks: readonly unknown[], entered: StateValues): StateValues {
  const values: StateValues = {};
  for (const { blockId, element } of elementsOf(blocks)) {
    const actionId = String(element['action_id']);
    const initial = initialValue(element);
    if (initial === undefined) continue;
    values[blockId] = { ...values[blockId], [actionId]: entered[blockId]?.[actionId] ?? initial };
  }
  return values;
}

/** A state value for one element from what a page or test gave: the whole value, or just its content. */
export function toStateValue(element: Json, given: unknown): unknown {
  const field = valueField(element['type']) ?? 'value';
  const content = isJson(given) && field in given ? given[field] : given;
  const known = optionsOf(element);
  const pick = (one: unknown) => known.find((option) => option['value'] === (isJson(one) ? one['value'] : one)) ?? one;
  if (field === 'selected_option') return { type: element['type'], [field]: content === null ? null : pick(content) };
  if (field === 'selected_options') return { type: element['type'], [field]: asList(content).map(pick) };
  return { type: element['type'], [field]: content };
}

export function optionsOf(element: Json): readonly Json[] {
  const groups = asList(element['option_groups']).filter(isJson);
  return [element, ...groups].flatMap((holder) => asList(holder['options']).filter(isJson));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function complaintAbout({ block, element }: Found, value: unknown): string | undefined {
  if (isEmpty(value)) return block['optional'] === true ? undefined : 'Please complete this required field.';
  if (typeof value !== 'string') return undefined;
  const { min_length: min, max_length: max } = element;
  if (typeof min === 'number' && value.length < min) return `Please lengthen this text to ${min} characters or more.`;
  if (typeof max === 'number' && value.length > max) return `Please shorten this text to ${max} characters or less.`;
  if (element['type'] === 'number_input' && Number.isNaN(Number(value))) return 'Please enter a number.';
  return undefined;
}

/** What Slack's own client complains about before it sends anything, by block_id. */
export function clientSideErrors(blocks: readonly unknown[], values: StateValues): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const found of elementsOf(blocks)) {
    if (found.block['type'] !== 'input') continue;
    const state = values[found.blockId]?.[String(found.element['action_id'])];
    const complaint = complaintAbout(found, isJson(state) ? state[valueField(found.element['type']) ?? ''] : undefined);
    if (complaint !== undefined) errors[found.blockId] = complaint;
  }
  return errors;
}
