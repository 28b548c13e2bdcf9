import { z } from 'zod';
import { ChannelId, ClusterName, UserId } from '../core/ids.ts';

/**
 * What a form remembers in its `private_metadata`: Slack hands it back as it was, and names no channel when a view is
 * submitted.
 */
export const FormPlace = z.object({
  command: z.string().max(80),
  channel: ChannelId,
  /** Whose nodes the form offers. */
  cluster: ClusterName.optional(),
  responseUrl: z.string().max(1_000).optional(),
});
export type FormPlace = z.infer<typeof FormPlace>;

const Metadata = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(FormPlace);

const Value = z
  .looseObject({ value: z.string().nullish(), selected_option: z.object({ value: z.string() }).nullish() })
  .transform(({ value, selected_option: selected }) => selected?.value ?? value ?? undefined);

const Person = {
  user: z.object({ id: UserId, team_id: z.string().optional() }),
  team: z.object({ id: z.string() }).nullish(),
};

/** A submitted form, a choice in it, or a question for options. */
export const FormPayload = z.object({
  ...Person,
  view: z.object({
    id: z.string(),
    private_metadata: Metadata,
    state: z
      .object({ values: z.record(z.string(), z.record(z.string(), Value)) })
      .catch({ values: {} })
      .default({ values: {} }),
  }),
});
export type FormPayload = z.infer<typeof FormPayload>;

/** What was entered in a block, whatever its element is called. */
export function enteredIn({ view }: FormPayload, blockId: string): string | undefined {
  return Object.values(view.state.values[blockId] ?? {})[0];
}
