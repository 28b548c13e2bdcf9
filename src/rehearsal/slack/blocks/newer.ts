import {
  type At,
  all,
  bool,
  byType,
  type Check,
  type Fields,
  list,
  oneOf,
  rule,
  shape,
  text,
  typeField,
  within,
} from './check.ts';
import { CLASSIC_BLOCKS } from './classic.ts';
import { anyText, blockId, imageElement, mrkdwn, plainText, url } from './composition.ts';
import { BUTTON, contextActionElements } from './elements.ts';
import { richText } from './rich-text.ts';
import { table } from './tables.ts';

const common: Fields = { block_id: blockId };
/** `details` and `output` are one rich_text block each. */
const taskCard: Check = all(
  shape(
    {
      ...typeField,
      task_id: text(255),
      title: text(2_000),
      status: oneOf('pending', 'in_progress', 'complete', 'error'),
    },
    {
      ...common,
      details: richText,
      output: richText,
      sources: list(shape({ ...typeField, url, text: text(2_000) }), { max: 100 }),
    },
  ),
  rule((value, at) =>
    value['status'] === 'pending' && at.inside !== 'plan' ? 'a task_card outside a plan cannot be pending' : undefined,
  ),
);

function inside(name: string, check: Check): Check {
  return (value, at: At) => check(value, within(at, name));
}

const card = shape(typeField, {
  ...common,
  hero_image: imageElement,
  icon: imageElement,
  title: mrkdwn(150),
  subtitle: mrkdwn(150),
  body: mrkdwn(200),
  actions: list(BUTTON, { max: 5 }),
});

/** A container takes the classic blocks and a table; @slack/types 3.2 lists the same. */
const CHILDREN: Fields = { ...CLASSIC_BLOCKS, table };

export const NEWER_BLOCKS: Fields = {
  markdown: shape({ ...typeField, text: text(12_000) }, common),
  alert: shape(
    { ...typeField, text: anyText(200) },
    { ...common, level: oneOf('default', 'info', 'warning', 'error', 'success') },
  ),
  plan: shape(
    // A bare string: a plain_text object is refused.
    { ...typeField, title: text(2_000) },
    {
      ...common,
      tasks: inside(
        'plan',
        list(
          byType(() => ({ task_card: taskCard })),
          { max: 50 },
        ),
      ),
    },
  ),
  task_card: taskCard,
  container: all(
    shape(
      {
        ...typeField,
        child_blocks: inside(
          'container',
          list(
            byType(() => CHILDREN),
            { max: 10 },
          ),
        ),
      },
      {
        ...common,
        title: plainText(150),
        rich_text_title: richText,
        subtitle: anyText(150),
        width: oneOf('narrow', 'standard', 'wide', 'full'),
        icon: imageElement,
        is_collapsible: bool,
        default_collapsed: bool,
        has_header_divider: bool,
      },
    ),
    rule((value) =>
      value['title'] === undefined && value['rich_text_title'] === undefined
        ? 'must have at least one of title, rich_text_title'
        : undefined,
    ),
    rule((value) =>
      value['default_collapsed'] === true && value['is_collapsible'] !== true
        ? 'default_collapsed needs is_collapsible'
        : undefined,
    ),
  ),
  card: all(
    card,
    rule((value) =>
      ['hero_image', 'title', 'body', 'actions'].every((name) => value[name] === undefined)
        ? 'must have at least one of hero_image, title, actions, body'
        : undefined,
    ),
  ),
  carousel: shape(
    {
      ...typeField,
      elements: list(
        byType(() => ({ card })),
        { max: 10 },
      ),
    },
    common,
  ),
  context_actions: shape({ ...typeField, elements: contextActionElements }, common),
};
