import { z } from 'zod';
import { Mark, NextStep } from './report.ts';

/**
 * A short answer to one person: help, a refusal, what is wrong with a typed line. Ephemeral in Slack, plain text in
 * the terminal. Never silence, never a stack.
 */
export const Reply = z
  .object({
    mark: Mark,
    /** One line that says it all: it may be all that a phone shows. */
    text: z.string().max(600),
    /** Lines under it: what it is, something shown as typed, and what that does. */
    lines: z
      .array(
        z.object({
          label: z.string().max(40).optional(),
          code: z.string().max(300).optional(),
          text: z.string().max(600).optional(),
        }),
      )
      .max(40),
    next: z.array(NextStep).max(5),
  })
  .readonly();
export type Reply = z.infer<typeof Reply>;

export function reply(mark: Mark, text: string, more: Partial<Pick<Reply, 'lines' | 'next'>> = {}): Reply {
  return { mark, text, lines: more.lines ?? [], next: more.next ?? [] };
}
