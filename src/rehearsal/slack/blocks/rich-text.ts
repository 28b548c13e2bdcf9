import {
  anything,
  bool,
  byType,
  type Check,
  type Fields,
  finite,
  integer,
  list,
  oneOf,
  shape,
  text,
  typeField,
} from './check.ts';
import { blockId, url } from './composition.ts';

const style = shape(
  {},
  {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
    underline: bool,
    highlight: bool,
    client_highlight: bool,
    unlink: bool,
  },
);
const styled = (required: Fields, optional: Fields = {}): Check =>
  shape({ ...typeField, ...required }, { style, ...optional });

const INLINE: Fields = {
  text: styled({ text: text(40_000) }),
  link: styled({ url }, { text: text(3_000, 0), unsafe: bool }),
  emoji: styled({ name: text(255) }, { unicode: anything, url: anything, skin_tone: anything }),
  user: styled({ user_id: text(255) }),
  usergroup: styled({ usergroup_id: text(255) }),
  channel: styled({ channel_id: text(255) }),
  team: styled({ team_id: text(255) }),
  broadcast: styled({ range: oneOf('here', 'channel', 'everyone') }),
  color: styled({ value: text(255) }),
  date: styled({ timestamp: finite, format: text(255) }, { url, fallback: text(3_000) }),
};

const inline = byType(() => INLINE);
const inlines = list(inline, { min: 0, max: 1_000 });
const border = oneOf(0, 1);
const section = shape({ ...typeField, elements: inlines });

const ELEMENTS: Fields = {
  rich_text_section: section,
  rich_text_list: shape(
    {
      ...typeField,
      style: oneOf('bullet', 'ordered'),
      elements: list(
        byType(() => ({ rich_text_section: section })),
        { max: 1_000 },
      ),
    },
    { indent: integer(0, 8), offset: integer(0, 1_000_000), border },
  ),
  rich_text_quote: shape({ ...typeField, elements: inlines }, { border }),
  rich_text_preformatted: shape({ ...typeField, elements: inlines }, { border, language: text(255) }),
};

export const richText = shape(
  {
    ...typeField,
    elements: list(
      byType(() => ELEMENTS),
      { max: 1_000 },
    ),
  },
  { block_id: blockId },
);
