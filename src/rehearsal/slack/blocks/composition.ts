import {
  all,
  anything,
  bool,
  byType,
  type Check,
  list,
  matching,
  oneOf,
  rule,
  shape,
  text,
  typeField,
} from './check.ts';

/** Addresses in buttons and images, at most 3,000 characters. */
export const url = all(text(3_000), matching(/^https?:\/\/|^mailto:|^slack:\/\//, 'a valid URL'));

export function plainText(max: number): Check {
  return all(
    rule((value) => (value['type'] === 'plain_text' ? undefined : 'must be a plain_text object')),
    shape({ ...typeField, text: text(max) }, { emoji: bool }),
  );
}

export function mrkdwn(max: number): Check {
  return shape({ ...typeField, text: text(max) }, { verbatim: bool });
}

export function anyText(max: number): Check {
  const table = { plain_text: plainText(max), mrkdwn: mrkdwn(max) };
  return byType(() => table);
}

export const confirm = shape(
  { title: plainText(100), text: anyText(300), confirm: plainText(30), deny: plainText(30) },
  { style: oneOf('primary', 'danger') },
);

/** Documents say 75 and 150 for the value of an option; the lower number is enforced. */
const optionFields = { value: text(75) };
const optionExtras = { description: anyText(75), url };

export const option = shape({ ...optionFields, text: plainText(75) }, optionExtras);
/** Radio buttons and checkboxes may use mrkdwn. */
export const richOption = shape({ ...optionFields, text: anyText(75) }, optionExtras);

export const optionGroup = shape({ label: plainText(75), options: list(option, { max: 100 }) });

const imageSource = rule((value) =>
  (value['image_url'] === undefined) === (value['slack_file'] === undefined)
    ? 'must have exactly one of image_url, slack_file'
    : undefined,
);
const slackFile = all(
  shape({}, { url: text(3_000), id: text(255) }),
  rule((value) =>
    (value['url'] === undefined) === (value['id'] === undefined) ? 'must have exactly one of url, id' : undefined,
  ),
);
const imageFields = { image_url: url, slack_file: slackFile };
/** Slack measures pictures itself and sends these back; blocks that were read may be posted again. */
const measured = { image_width: anything, image_height: anything, image_bytes: anything, fallback: anything };

export const imageElement = all(
  shape({ ...typeField, alt_text: text(2_000) }, { ...imageFields, ...measured }),
  imageSource,
);

export const blockId = text(255);

export const imageBlock = all(
  shape(
    { ...typeField, alt_text: text(2_000) },
    { ...imageFields, ...measured, title: plainText(2_000), block_id: blockId, is_animated: anything },
  ),
  imageSource,
);
