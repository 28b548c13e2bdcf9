import { all, bool, byType, type Fields, list, rule, shape, text, typeField } from './check.ts';
import { anyText, blockId, imageBlock, imageElement, mrkdwn, plainText, url } from './composition.ts';
import { accessory, actionElements, inputElement } from './elements.ts';
import { richText } from './rich-text.ts';

const common: Fields = { block_id: blockId };
const CONTEXT: Fields = { plain_text: plainText(3_000), mrkdwn: mrkdwn(3_000), image: imageElement };

/** The blocks that have been there for years. */
export const CLASSIC_BLOCKS: Fields = {
  section: all(
    shape(typeField, {
      ...common,
      text: anyText(3_000),
      fields: list(anyText(2_000), { max: 10 }),
      accessory,
      expand: bool,
    }),
    rule((value) =>
      value['text'] === undefined && value['fields'] === undefined
        ? 'must have at least one of text, fields'
        : undefined,
    ),
  ),
  header: shape({ ...typeField, text: plainText(150) }, common),
  divider: shape(typeField, common),
  context: shape(
    {
      ...typeField,
      elements: list(
        byType(() => CONTEXT),
        { max: 10 },
      ),
    },
    common,
  ),
  actions: shape({ ...typeField, elements: actionElements }, common),
  image: imageBlock,
  input: shape(
    { ...typeField, label: plainText(2_000), element: inputElement },
    { ...common, hint: plainText(2_000), optional: bool, dispatch_action: bool },
  ),
  rich_text: richText,
  video: shape(
    { ...typeField, video_url: url, thumbnail_url: url, alt_text: text(2_000), title: plainText(200) },
    {
      ...common,
      title_url: url,
      author_name: text(50),
      provider_name: text(50),
      provider_icon_url: url,
      description: plainText(200),
    },
  ),
};
