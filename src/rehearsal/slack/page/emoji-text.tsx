import type { ReactNode } from 'react';

type Mark = { readonly name: string; readonly drawing: ReactNode };

const HOURGLASS: Mark = {
  name: 'in progress',
  drawing: (
    <>
      <path d="M5 2.5h10M5 17.5h10" stroke="#8a6d3b" strokeWidth="1.8" strokeLinecap="round" />
      <path d="M6 3c0 4 3.2 5 3.2 7S6 13 6 17h8c0-4-3.2-5-3.2-7S14 7 14 3z" fill="#fdf3dc" stroke="#8a6d3b" />
      <path d="M7.5 15.5c.8-1.8 4.2-1.8 5 0zM8 6.5h4l-2 2.2z" fill="#e0a93b" />
    </>
  ),
};

/** The marks that carry a verdict, drawn here: many Linux machines have no font with them. */
const MARKS: Readonly<Record<string, Mark>> = {
  '✅': {
    name: 'ok',
    drawing: (
      <>
        <rect x="1.5" y="1.5" width="17" height="17" rx="4" fill="#2e9e5b" />
        <path d="m5.5 10.5 3 3 6-7" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      </>
    ),
  },
  '⚠': {
    name: 'warning',
    drawing: (
      <>
        <path d="M10 1.8 18.8 17.5H1.2z" fill="#f2b632" stroke="#c98a00" strokeLinejoin="round" />
        <path d="M10 7v5" stroke="#3b2a00" strokeWidth="2" strokeLinecap="round" />
        <circle cx="10" cy="14.8" r="1.2" fill="#3b2a00" />
      </>
    ),
  },
  '❌': {
    name: 'failed',
    drawing: <path d="m4 4 12 12M16 4 4 16" stroke="#d7263d" strokeWidth="3.2" strokeLinecap="round" />,
  },
  '⏳': HOURGLASS,
  '⌛': HOURGLASS,
  '⛔': {
    name: 'refused',
    drawing: (
      <>
        <circle cx="10" cy="10" r="8.5" fill="#d7263d" />
        <rect x="4.5" y="8.5" width="11" height="3" rx="1" fill="#fff" />
      </>
    ),
  },
  '🔒': {
    name: 'private',
    drawing: (
      <>
        <path d="M6 9V6.5a4 4 0 0 1 8 0V9" fill="none" stroke="currentColor" strokeWidth="1.8" />
        <rect x="4" y="8.5" width="12" height="9" rx="2" fill="currentColor" />
      </>
    ),
  },
};

const SPLIT = new RegExp(`(${Object.keys(MARKS).join('|')})\uFE0F?`, 'u');

/** Text with its marks as pictures; every other character is left to the fonts. */
export function EmojiText({ text }: { readonly text: string }) {
  return text.split(SPLIT).map((part, index) => {
    const mark = index % 2 === 1 ? MARKS[part] : undefined;
    if (!mark) return part;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a part of a text has no identity but its place
      <svg key={index} className="mark" viewBox="0 0 20 20" role="img" aria-label={mark.name}>
        {mark.drawing}
      </svg>
    );
  });
}
