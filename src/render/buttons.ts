import type { Button } from '@slack/types';
import type { RunId } from '../core/ids.ts';
import type { NextStep } from '../core/report.ts';
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

/** `effect` says what cancelling does. */
export function cancelButton(run: RunId, effect: string): Button {
  return {
    ...button(0, `cancel ${run}`, 'Cancel'),
    style: 'danger',
    confirm: {
      title: { type: 'plain_text', text: 'Cancel this run?', emoji: false },
      text: { type: 'plain_text', text: effect, emoji: false },
      confirm: { type: 'plain_text', text: 'Cancel the run', emoji: false },
      deny: { type: 'plain_text', text: 'Let it run', emoji: false },
    },
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
