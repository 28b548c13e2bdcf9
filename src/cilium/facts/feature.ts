import { z } from 'zod';

export const Need = z.object({ text: z.string(), met: z.enum(['yes', 'no', 'unknown']) }).readonly();
export type Need = z.infer<typeof Need>;

/** One line people know from `cilium status`, with what stands behind it. */
export const Feature = z
  .object({
    id: z.string(),
    name: z.string(),
    /** `Tunnel (VXLAN)`, `Legacy`, `Off`: as people say it. */
    state: z.string(),
    /** off: could be on. absent: this version of Cilium has it not. mixed: agents differ. */
    on: z.enum(['on', 'off', 'mixed', 'absent', 'unknown']),
    why: z.string(),
    /** What switching it on takes, unmet needs first. */
    needs: z.array(Need).readonly(),
  })
  .readonly();
export type Feature = z.infer<typeof Feature>;

/** `needs A, B; kernel 6.18 is enough`. Of what is met only the kernel is worth a word: it cannot be configured. */
export function needsText(needs: readonly Need[]): string {
  const open = needs.filter((need) => need.met !== 'yes').map((need) => need.text);
  const met = needs.filter((need) => need.met === 'yes' && need.text.startsWith('kernel ')).map((need) => need.text);
  return [open.length === 0 ? '' : `needs ${open.join(', ')}`, met.join(', ')].filter((part) => part !== '').join('; ');
}

export function byMet(left: Need, right: Need): number {
  return ORDER[left.met] - ORDER[right.met];
}

const ORDER = { no: 0, unknown: 1, yes: 2 } as const satisfies Record<Need['met'], number>;
