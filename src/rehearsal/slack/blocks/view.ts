import { asJson, asList, type Json } from '../json.ts';
import { type At, anything, bool, type Check, type Fields, oneOf, shape, text, typeField } from './check.ts';
import { plainText } from './composition.ts';
import { validateBlocks } from './validate.ts';

const shared: Fields = {
  private_metadata: text(3_000, 0),
  callback_id: text(255, 0),
  external_id: text(255, 0),
};
const noBlocksHere: Check = anything;
const modal = shape(
  { ...typeField, title: plainText(24), blocks: noBlocksHere },
  {
    ...shared,
    submit: plainText(24),
    close: plainText(24),
    clear_on_close: bool,
    notify_on_close: bool,
    submit_disabled: bool,
  },
);
const home = shape({ ...typeField, blocks: noBlocksHere }, shared);

/** What Slack would refuse in a view for views.open, push, update or publish. */
export function validateView(view: Json, type: 'modal' | 'home'): readonly string[] {
  const problems: string[] = [];
  const at: At = { path: '/view', surface: type, inside: '', report: (problem) => problems.push(problem) };
  oneOf(type)(view['type'], { ...at, path: '/view/type' });
  (type === 'modal' ? modal : home)(view, at);
  if (!Array.isArray(view['blocks'])) return problems;
  const blocks = asList(view['blocks']);
  const hasInput = blocks.some((block) => asJson(block)['type'] === 'input');
  if (type === 'modal' && hasInput && view['submit'] === undefined) {
    problems.push('a submit button is required when input blocks are used [json-pointer:/view/submit]');
  }
  return [...problems, ...validateBlocks(blocks, type).map((problem) => problem.replace(':/blocks', ':/view/blocks'))];
}
