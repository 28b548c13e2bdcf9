import type { Json } from '../json.ts';
import {
  type At,
  all,
  anything,
  bool,
  byType,
  type Check,
  type Fields,
  finite,
  integer,
  list,
  matching,
  oneOf,
  rule,
  shape,
  step,
  text,
  typeField,
} from './check.ts';
import { confirm, imageElement, option, optionGroup, plainText, richOption, url } from './composition.ts';
import { richText } from './rich-text.ts';

const actionId = text(255);
const actionable: Fields = { action_id: actionId };
const confirmable: Fields = { ...actionable, confirm };
const focusable: Fields = { ...confirmable, focus_on_load: bool };
const placeholder: Fields = { ...focusable, placeholder: plainText(150) };
const multi: Fields = { ...placeholder, max_selected_items: integer(1, 100) };
const dispatching: Fields = {
  ...placeholder,
  dispatch_action_config: shape({
    trigger_actions_on: list(oneOf('on_enter_pressed', 'on_character_entered'), { max: 2 }),
  }),
};
const style = oneOf('primary', 'danger');
const date = matching(/^\d{4}-\d{2}-\d{2}$/, 'a date in the format YYYY-MM-DD');
const time = matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time in the format HH:mm');
const ids = list(text(255), { max: 100 });

/** An input of its own surface: number, email, url and file inputs exist in modals only. */
function modalOnly(check: Check): Check {
  return (value, at) => {
    if (at.surface === 'modal') check(value, at);
    else at.report(`unsupported type: ${String((value as Json)['type'])} [json-pointer:${step(at, 'type').path}]`);
  };
}

const optionsOrGroups = rule((value) =>
  (value['options'] === undefined) === (value['option_groups'] === undefined)
    ? 'must have exactly one of options, option_groups'
    : undefined,
);

function offered(value: Json): readonly string[] {
  const groups = Array.isArray(value['option_groups']) ? (value['option_groups'] as readonly Json[]) : [];
  return [value, ...groups].flatMap((holder) =>
    (Array.isArray(holder['options']) ? holder['options'] : []).map((entry) =>
      JSON.stringify((entry as Json)['value']),
    ),
  );
}

/** A default must be one of the options. */
const initialIsOffered = rule((value) => {
  const many = Array.isArray(value['initial_options']) ? (value['initial_options'] as readonly Json[]) : [];
  const one = value['initial_option'] as Json | undefined;
  const missing = [...many, ...(one ? [one] : [])].some(
    (entry) => !offered(value).includes(JSON.stringify(entry['value'])),
  );
  return missing ? 'initial option must be one of the options' : undefined;
});

const selectLists: Fields = {
  options: list(option, { max: 100 }),
  option_groups: list(optionGroup, { max: 100 }),
};
const choice = (check: Check) => list(check, { max: 10 });
const filter = shape(
  {},
  {
    include: list(oneOf('im', 'mpim', 'private', 'public'), { max: 4 }),
    exclude_external_shared_channels: bool,
    exclude_bot_users: bool,
  },
);
const conversations: Fields = { filter, default_to_current_conversation: bool };
const feedback = shape({ text: plainText(75), value: text(2_000) }, { accessibility_label: text(75) });

const lengthsFit = rule((value) =>
  typeof value['min_length'] === 'number' &&
  typeof value['max_length'] === 'number' &&
  value['min_length'] > value['max_length']
    ? 'min_length must not be more than max_length'
    : undefined,
);

export const BUTTON = shape(
  { ...typeField, text: plainText(75) },
  { ...confirmable, value: text(2_000), url, style, accessibility_label: text(75) },
);

const SELECTS: Fields = {
  static_select: all(
    shape(typeField, { ...placeholder, ...selectLists, initial_option: option }),
    optionsOrGroups,
    initialIsOffered,
  ),
  multi_static_select: all(
    shape(typeField, { ...multi, ...selectLists, initial_options: list(option, { max: 100 }) }),
    optionsOrGroups,
    initialIsOffered,
  ),
  external_select: shape(typeField, { ...placeholder, initial_option: option, min_query_length: integer(0, 255) }),
  multi_external_select: shape(typeField, {
    ...multi,
    initial_options: list(option, { max: 100 }),
    min_query_length: integer(0, 255),
  }),
  users_select: shape(typeField, { ...placeholder, initial_user: text(255) }),
  multi_users_select: shape(typeField, { ...multi, initial_users: ids }),
  conversations_select: shape(typeField, {
    ...placeholder,
    ...conversations,
    initial_conversation: text(255),
    response_url_enabled: bool,
  }),
  multi_conversations_select: shape(typeField, { ...multi, ...conversations, initial_conversations: ids }),
  channels_select: shape(typeField, { ...placeholder, initial_channel: text(255), response_url_enabled: bool }),
  multi_channels_select: shape(typeField, { ...multi, initial_channels: ids }),
};

const PICKERS: Fields = {
  checkboxes: all(
    shape({ ...typeField, options: choice(richOption) }, { ...focusable, initial_options: choice(richOption) }),
    initialIsOffered,
  ),
  radio_buttons: all(
    shape({ ...typeField, options: choice(richOption) }, { ...focusable, initial_option: richOption }),
    initialIsOffered,
  ),
  datepicker: shape(typeField, { ...placeholder, initial_date: date }),
  timepicker: shape(typeField, { ...placeholder, initial_time: time, timezone: text(255) }),
  datetimepicker: shape(typeField, { ...focusable, initial_date_time: finite }),
};

const TYPED: Fields = {
  plain_text_input: all(
    shape(typeField, {
      ...dispatching,
      initial_value: text(3_000, 0),
      multiline: bool,
      min_length: integer(0, 3_000),
      max_length: integer(1, 3_000),
    }),
    lengthsFit,
  ),
  rich_text_input: shape(typeField, {
    ...dispatching,
    initial_value: richText,
    min_lines: anything,
    max_lines: anything,
  }),
  number_input: modalOnly(
    shape(
      { ...typeField, is_decimal_allowed: bool },
      { ...dispatching, initial_value: text(255), min_value: text(255), max_value: text(255) },
    ),
  ),
  email_text_input: modalOnly(shape(typeField, { ...dispatching, initial_value: text(3_000) })),
  url_text_input: modalOnly(shape(typeField, { ...dispatching, initial_value: text(3_000) })),
  file_input: modalOnly(
    shape(typeField, { ...actionable, filetypes: list(text(255), { max: 100 }), max_files: integer(1, 10) }),
  ),
};

const overflow = shape({ ...typeField, options: list(option, { max: 5 }) }, confirmable);
const workflowButton = shape(
  { ...typeField, text: plainText(75), workflow: anything },
  { ...actionable, style, accessibility_label: text(75) },
);

const IN_ACTIONS: Fields = { button: BUTTON, workflow_button: workflowButton, overflow, ...SELECTS, ...PICKERS };
const IN_SECTION: Fields = { ...IN_ACTIONS, image: imageElement };
const IN_INPUT: Fields = { ...SELECTS, ...PICKERS, ...TYPED };
const IN_CONTEXT_ACTIONS: Fields = {
  feedback_buttons: shape({ ...typeField, positive_button: feedback, negative_button: feedback }, actionable),
  icon_button: shape(
    { ...typeField, icon: oneOf('trash'), text: plainText(75) },
    { ...confirmable, value: text(2_000), accessibility_label: text(75), visible_to_user_ids: ids },
  ),
};

/** Where action ids repeat inside one block, Slack cannot tell its elements apart. */
function uniqueActionIds(value: unknown, at: At): void {
  const given = (Array.isArray(value) ? value : []).map((element) => (element as Json | null)?.['action_id']);
  const named = given.filter((id) => typeof id === 'string');
  if (new Set(named).size < named.length)
    at.report(`action_id already exists for another element [json-pointer:${at.path}]`);
}

export const actionElements = all(
  list(
    byType(() => IN_ACTIONS),
    { max: 25 },
  ),
  uniqueActionIds,
);
export const accessory = byType(() => IN_SECTION);
export const inputElement = byType(() => IN_INPUT);
export const contextActionElements = all(
  list(
    byType(() => IN_CONTEXT_ACTIONS),
    { max: 5 },
  ),
  uniqueActionIds,
);
