import type { ReactNode } from 'react';
import { emojiFor } from './emoji.ts';
import { EmojiText } from './emoji-text.tsx';
import { type Fields, str } from './fields.ts';
import { type Paragraph, parseMrkdwn, type SlackDate, type Span } from './mrkdwn.ts';
import { localHref } from './route.ts';
import { formatSlackDate } from './slack-date.ts';
import { useWorkspace } from './workspace-context.tsx';

/** A plain_text or mrkdwn composition object. */
export function TextObject({ text }: { readonly text: Fields }) {
  if (str(text, 'type') === 'plain_text') {
    return (
      <p className="plain">
        <PlainText text={str(text, 'text')} />
      </p>
    );
  }
  return <Mrkdwn text={str(text, 'text')} />;
}

/** plain_text: nothing is markup but `:emoji:`. */
export function PlainText({ text }: { readonly text: string }) {
  return <EmojiText text={text.replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => emojiFor(name) ?? whole)} />;
}

export function Mrkdwn({ text }: { readonly text: string }) {
  return (
    <div className="mrkdwn">
      {parseMrkdwn(text).map((paragraph, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a parse result has no identity but its place
        <ParagraphView key={index} paragraph={paragraph} />
      ))}
    </div>
  );
}

function ParagraphView({ paragraph }: { readonly paragraph: Paragraph }) {
  if (paragraph.type === 'code-block') return <CodeBlock text={paragraph.text} />;
  const lines = paragraph.lines.map((spans, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a parse result has no identity but its place
    <div className="line" key={index}>
      {spans.length > 0 ? <Spans spans={spans} /> : <br />}
    </div>
  ));
  return paragraph.type === 'quote' ? <blockquote>{lines}</blockquote> : lines;
}

/** Long lines scroll inside the block; it takes the focus so that the arrow keys can scroll it. */
export function CodeBlock({ text }: { readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <pre className="code-block" tabIndex={0}>
      {text}
    </pre>
  );
}

function Spans({ spans }: { readonly spans: readonly Span[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: a parse result has no identity but its place
  return spans.map((span, index) => <SpanView key={index} span={span} />);
}

function SpanView({ span }: { readonly span: Span }): ReactNode {
  switch (span.type) {
    case 'text':
      return <EmojiText text={span.text} />;
    case 'bold':
      return (
        <b>
          <Spans spans={span.spans} />
        </b>
      );
    case 'italic':
      return (
        <i>
          <Spans spans={span.spans} />
        </i>
      );
    case 'strike':
      return (
        <s>
          <Spans spans={span.spans} />
        </s>
      );
    case 'code':
      return <code>{span.text}</code>;
    case 'link':
      return <Link url={span.url}>{span.label || span.url.replace(/^mailto:/, '')}</Link>;
    case 'user':
      return <UserMention id={span.id} />;
    case 'channel':
      return <ChannelMention id={span.id} label={span.label} />;
    case 'usergroup':
      return <span className="mention">{span.label || `@${span.id}`}</span>;
    case 'broadcast':
      return <span className="mention loud">@{span.range}</span>;
    case 'date':
      return <DateView date={span} />;
    default:
      throw new Error(`unhandled span: ${span satisfies never}`);
  }
}

/** Links to this workspace stay in the page; all others open in a tab of their own. */
export function Link({ url, children }: { readonly url: string; readonly children: ReactNode }) {
  const href = localHref(url, window.location.host);
  if (href.startsWith('#')) return <a href={href}>{children}</a>;
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

export function UserMention({ id }: { readonly id: string }) {
  const { userName, viewer } = useWorkspace();
  return <span className={id === viewer ? 'mention loud' : 'mention'}>@{userName(id)}</span>;
}

export function ChannelMention({ id, label = '' }: { readonly id: string; readonly label?: string }) {
  const { channelName } = useWorkspace();
  const name = channelName(id);
  return (
    <a className="mention" href={`#/${id}`}>
      #{name === id ? label || id : name}
    </a>
  );
}

export function DateView({ date }: { readonly date: Omit<SlackDate, 'type'> }) {
  const { now } = useWorkspace();
  const text = formatSlackDate(date.unixSeconds, date.format, { now });
  if (text === undefined) return date.fallback;
  const at = new Date(date.unixSeconds * 1_000);
  const time = (
    <time dateTime={at.toISOString()} title={at.toString()}>
      {text}
    </time>
  );
  return date.url ? <Link url={date.url}>{time}</Link> : time;
}
