import type { CommandCard } from '../grammar/command-card.ts';
import type { ClusterName } from '../ids.ts';
import type { People, Standing } from './policy.ts';
import { peopleWords, termsWords } from './policy-words.ts';

/** What a person may do on a cluster. */
export type ClusterStanding = {
  readonly cluster: ClusterName;
  /** Every command that is not only reading. */
  readonly jobs: readonly { readonly job: CommandCard; readonly standing: Standing }[];
  readonly approvers: People;
  /** Whether the person is one of them. */
  readonly approves: boolean;
};

/** One line with its mark, and the clusters it holds for. */
export type StandingLine = {
  readonly mark: '✅' | '⚠️';
  readonly clusters: readonly ClusterName[];
  readonly words: string;
};

/** What holds for one command, alike clusters together. A command that only reads may be used wherever it is seen. */
export function standingLines(card: Pick<CommandCard, 'name' | 'risk'>, on: readonly ClusterStanding[]) {
  return together(
    on.map(({ cluster, jobs }) => {
      const found = jobs.find(({ job }) => job.name === card.name)?.standing ?? { type: 'free' as const };
      return { cluster, ...standingWords(found) };
    }),
  );
}

/** Whose votes count. */
export function approvalLines(on: readonly ClusterStanding[]): readonly StandingLine[] {
  return together(
    on.map(({ cluster, approves, approvers }) => {
      if (approves)
        return { cluster, mark: '✅' as const, words: 'your approval counts, except on what you asked for yourself' };
      const nobody = approvers.users.length + approvers.groups.length === 0;
      const who = nobody ? 'no approvals are asked for' : `only ${peopleWords(approvers)} approve; anybody may hold`;
      return { cluster, mark: '⚠️' as const, words: who };
    }),
  );
}

function standingWords(standing: Standing): Pick<StandingLine, 'mark' | 'words'> {
  switch (standing.type) {
    case 'free':
      return { mark: '✅', words: 'you may use it' };
    case 'may':
      return { mark: '✅', words: `you may ask; ${termsWords(standing.rule)}` };
    case 'not':
      return { mark: '⚠️', words: NOT[standing.because] };
    default:
      throw new Error(`unhandled ${JSON.stringify(standing satisfies never)}`);
  }
}

const NOT = {
  elsewhere: 'not for people from other organisations',
  'no-rule': 'nobody may: no rule of the policy allows it',
  channel: 'not in this channel',
  person: 'you are not among those who may ask',
} as const satisfies Record<Extract<Standing, { type: 'not' }>['because'], string>;

type One = Omit<StandingLine, 'clusters'> & { readonly cluster: ClusterName };

function together(each: readonly One[]): readonly StandingLine[] {
  const lines = new Map<string, StandingLine>();
  for (const { cluster, mark, words } of each) {
    lines.set(words, { mark, words, clusters: [...(lines.get(words)?.clusters ?? []), cluster] });
  }
  return [...lines.values()];
}
