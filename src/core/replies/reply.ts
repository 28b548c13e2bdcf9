import { z } from 'zod';
import { GroupId, UserId } from '../ids.ts';
import { Mark, NextStep } from '../run/report.ts';

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
          /** Begins a part of its own. */
          title: z.string().max(40).optional(),
          label: z.string().max(40).optional(),
          code: z.string().max(300).optional(),
          /** ISO 8601, shown in the reader's own zone. */
          at: z.string().optional(),
          text: z.string().max(600).optional(),
          /** To a thread of Slack. */
          url: z.string().max(300).optional(),
        }),
      )
      .max(80),
    next: z.array(NextStep).max(5),
    /** People and groups whose ids stand in the texts: shown by their names where there are names. Nobody else is. */
    people: z.object({ users: z.array(UserId).max(100), groups: z.array(GroupId).max(20) }).optional(),
    /** The argument that is at fault, and what is wrong with it: a form says it beside its field. */
    wrong: z.object({ argument: z.string().max(80), problem: z.string().max(600) }).optional(),
  })
  .readonly();
export type Reply = z.infer<typeof Reply>;

type More = Partial<Pick<Reply, 'lines' | 'next' | 'people'>>;

export function reply(mark: Mark, text: string, more: More = {}): Reply {
  const people = more.people === undefined ? {} : { people: more.people };
  return { mark, text, lines: more.lines ?? [], next: more.next ?? [], ...people };
}
