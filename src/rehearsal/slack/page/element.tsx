import { ButtonElement, FeedbackButtons, IconButton, OverflowMenu } from './element-buttons.tsx';
import { ChoiceList } from './element-choices.tsx';
import { DateInput, TypedInput } from './element-inputs.tsx';
import { SelectElement } from './element-select.tsx';
import { type Fields, str } from './fields.ts';
import { Picture } from './picture.tsx';

export type ElementProps = {
  readonly blockId: string;
  readonly element: Fields;
  /** Inside an input block a change waits for the submit, unless the block dispatches actions. */
  readonly dispatches: boolean;
  /** Ids for label and description, given by an input block. */
  readonly labelledBy?: string;
};

const TYPED = new Set(['plain_text_input', 'email_text_input', 'url_text_input', 'number_input']);
const DATED = new Set(['datepicker', 'timepicker', 'datetimepicker']);

/** One interactive element (or picture), wherever a block may hold it. */
export function ElementView(props: ElementProps) {
  const type = str(props.element, 'type');
  if (type === 'button' || type === 'workflow_button') return <ButtonElement {...props} />;
  if (type === 'feedback_buttons') return <FeedbackButtons {...props} />;
  if (type === 'icon_button') return <IconButton {...props} />;
  if (type === 'overflow') return <OverflowMenu {...props} />;
  if (type.endsWith('_select')) return <SelectElement {...props} />;
  if (type === 'checkboxes' || type === 'radio_buttons') return <ChoiceList {...props} />;
  if (TYPED.has(type)) return <TypedInput {...props} />;
  if (DATED.has(type)) return <DateInput {...props} />;
  if (type === 'image') return <Picture image={props.element} className="accessory-image" />;
  return <p className="unknown">The rehearsal page does not draw the element “{type}”.</p>;
}
