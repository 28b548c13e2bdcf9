import type { ReactNode } from 'react';
import { emojiFor } from './emoji.ts';
import { EmojiText } from './emoji-text.tsx';
import { child, children, type Fields, flag, num, str } from './fields.ts';
import { isSafeUrl } from './mrkdwn.ts';
import { ChannelMention, CodeBlock, DateView, Link, UserMention } from './text.tsx';

/** A rich_text block. Its text is literal: no mrkdwn, no `:emoji:`, no mentions but the typed ones. */
export function RichText({ block }: { readonly block: Fields }) {
  return (
    <div className="rich-text">
      {children(block, 'elements').map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rich text parts have no identity but their place
        <Part key={index} part={part} />
      ))}
    </div>
  );
}

function Part({ part }: { readonly part: Fields }) {
  switch (str(part, 'type')) {
    case 'rich_text_list':
      return <List list={part} />;
    case 'rich_text_quote':
      return (
        <blockquote>
          <Inline elements={children(part, 'elements')} />
        </blockquote>
      );
    case 'rich_text_preformatted':
      return (
        <CodeBlock
          text={children(part, 'elements')
            .map((element) => str(element, 'text') || str(element, 'url'))
            .join('')}
        />
      );
    default:
      return (
        <div className="rich-section">
          <Inline elements={children(part, 'elements')} />
        </div>
      );
  }
}

const INDENT_REM = 1.5;

function List({ list }: { readonly list: Fields }) {
  const items = children(list, 'elements').map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: list items have no identity but their place
    <li key={index}>
      <Part part={item} />
    </li>
  ));
  const style = { marginLeft: `${(num(list, 'indent') ?? 0) * INDENT_REM}rem` };
  if (str(list, 'style') !== 'ordered') return <ul style={style}>{items}</ul>;
  return (
    <ol style={style} start={(num(list, 'offset') ?? 0) + 1}>
      {items}
    </ol>
  );
}

function Inline({ elements }: { readonly elements: readonly Fields[] }) {
  return elements.map((element, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: rich text elements have no identity but their place
    <Styled key={index} style={child(element, 'style')}>
      <InlineElement element={element} />
    </Styled>
  ));
}

function InlineElement({ element }: { readonly element: Fields }): ReactNode {
  const url = str(element, 'url');
  switch (str(element, 'type')) {
    case 'link':
      return isSafeUrl(url) ? <Link url={url}>{str(element, 'text') || url}</Link> : str(element, 'text') || url;
    case 'user':
      return <UserMention id={str(element, 'user_id')} />;
    case 'channel':
      return <ChannelMention id={str(element, 'channel_id')} />;
    case 'usergroup':
      return <span className="mention">@{str(element, 'usergroup_id')}</span>;
    case 'broadcast':
      return <span className="mention loud">@{str(element, 'range')}</span>;
    case 'emoji':
      return emojiFor(str(element, 'name')) ?? `:${str(element, 'name')}:`;
    case 'date':
      return (
        <DateView
          date={{
            unixSeconds: num(element, 'timestamp') ?? Number.NaN,
            format: str(element, 'format'),
            url,
            fallback: str(element, 'fallback'),
          }}
        />
      );
    default:
      return <EmojiText text={str(element, 'text')} />;
  }
}

function Styled({ style, children: inner }: { readonly style: Fields; readonly children: ReactNode }): ReactNode {
  if (flag(style, 'code')) return <code>{inner}</code>;
  const struck = flag(style, 'strike') ? <s>{inner}</s> : inner;
  const slanted = flag(style, 'italic') ? <i>{struck}</i> : struck;
  return flag(style, 'bold') ? <b>{slanted}</b> : slanted;
}
