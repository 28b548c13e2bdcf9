import type { Button } from '@slack/types';
import type { RunId } from '../core/ids.ts';
import type { NextStep } from '../core/run/report.ts';
import { literal, oneLine, truncate } from './escape.ts';
import { LIMITS } from './slack-message.ts';

/**
 * A button is a typed line: its value is what anybody could type, and it is checked as if the presser had typed it.
 * Slack wants an action_id once per block, hence the number.
 */
export function nextButton(index: number, next: NextStep): Button | undefined {
  // A line that could not be typed is not offered.
  if (next.command.trim() === '' || oneLine(next.command) !== next.command) return undefined;
  return button(index, next.command, next.label);
}

export function nextButtons(next: readonly NextStep[]): readonly Button[] {
  return next.flatMap((each, at) => nextButton(at, each) ?? []);
}

/** The card's: what a click does is said once more before it is done, because phones are touched by accident. */
export function cardButtons({ run, digest, title, held }: CardButtons): readonly Button[] {
  const plan = digest.slice(0, 8);
  const ask = (verb: string, text: string) => confirmation({ title: `${verb} this change?`, text, yes: verb });
  return [
    {
      ...button(0, `approve ${run} ${plan}`, 'Approve'),
      style: 'primary',
      confirm: ask('Approve', `${title} (plan ${plan})`),
    },
    {
      ...button(1, `reject ${run} ${plan}`, 'Reject'),
      style: 'danger',
      confirm: ask('Reject', `${title}: it will not happen`),
    },
    held ? button(2, `unhold ${run}`, 'Release') : button(2, `hold ${run}`, 'Hold'),
    { ...button(0, `show ${run} --diff`, 'Full diff'), action_id: 'cilium-view:diff' },
    { ...button(0, `show ${run} --checks`, 'All checks'), action_id: 'cilium-view:checks' },
  ];
}

/** The same lines where there is no channel: in the App Home and its modals (`slack/home.ts`). */
export function homeButtons(buttons: readonly Button[]): Button[] {
  return buttons.map((each, at) => ({ ...each, action_id: `cilium-home:${at}` }));
}

type CardButtons = {
  readonly run: RunId;
  readonly digest: string;
  readonly title: string;
  readonly held: boolean;
};

type Question = { readonly title: string; readonly text: string; readonly yes: string; readonly no?: string };

function confirmation({ title, text, yes, no = 'Back' }: Question): NonNullable<Button['confirm']> {
  const plain = (value: string, max: number) => ({
    type: 'plain_text' as const,
    text: truncate(literal(value), max),
    emoji: false,
  });
  return { title: plain(title, 100), text: plain(text, 150), confirm: plain(yes, 30), deny: plain(no, 30) };
}

/** `effect` says what cancelling does. */
export function cancelButton(run: RunId, effect: string): Button {
  return {
    ...button(9, `cancel ${run}`, 'Cancel'),
    style: 'danger',
    confirm: confirmation({ title: 'Cancel this run?', text: effect, yes: 'Cancel the run', no: 'Let it run' }),
  };
}

function button(index: number, value: string, label: string): Button {
  const said = literal(label).trim();
  const shown = shortLabel(said === '' ? literal(value) : said);
  return {
    type: 'button',
    action_id: `cilium-type:${index}`,
    value,
    text: { type: 'plain_text', text: shown, emoji: false },
  };
}

/** Slack counts units, people count characters: outside the basic plane one is two. */
function shortLabel(label: string): string {
  return label.length <= LIMITS.buttonText ? label : truncate(label, Math.floor(LIMITS.buttonText / 2));
}
