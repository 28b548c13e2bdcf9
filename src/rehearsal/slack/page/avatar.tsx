import type { UiUser } from '../ui-protocol.ts';

const COLOURS = ['#2b6cb0', '#2f855a', '#b7791f', '#9b2c5e', '#6b46c1', '#0f766e', '#b4532a', '#4a5568'] as const;

/** A person's initial on a colour of their own; a bot's hexagon. Decoration: the name stands beside it. */
export function Avatar({ id, user }: { readonly id: string; readonly user: UiUser | undefined }) {
  if (user?.isBot) {
    return (
      <svg className="avatar" viewBox="0 0 36 36" aria-hidden="true">
        <rect width="36" height="36" rx="6" fill="#16212e" />
        <path d="M18 6.5 27.9 12.25v11.5L18 29.5 8.1 23.75v-11.5z" fill="none" stroke="#f8c517" strokeWidth="2.4" />
        <path d="M18 12.5 22.8 15.25v5.5L18 23.5l-4.8-2.75v-5.5z" fill="#6b91c7" />
      </svg>
    );
  }
  const hash = [...id].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9_973, 7);
  return (
    <span className="avatar" aria-hidden="true" style={{ background: COLOURS[hash % COLOURS.length] }}>
      {(user?.realName || user?.name || id).slice(0, 1).toUpperCase()}
    </span>
  );
}
