import type { CommandForm } from './command-form.ts';

/** What is known about a command without running it. Help, parsing, policy and deadlines all read it from here. */
export type CommandCard = {
  /** Stable identifier, kebab-case: `status`, `enable-native-routing`. */
  readonly name: string;
  /** How it is typed, each spelling a list of words: `[['restart', 'unmanaged'], ['restart', 'unmanaged', 'pods']]`. */
  readonly words: readonly (readonly [string, ...string[]])[];
  readonly summary: string;
  /** What may follow the words: `[cluster] [--nodes all|sample|<name>,…]`. */
  readonly usage: string;
  /** Complete lines as typed, without `/cilium`. Each must parse (tested). */
  readonly examples: readonly [string, ...string[]];
  /** read: looks only. probe: makes and removes pods of its own. change: asks for approval. */
  readonly risk: 'read' | 'probe' | 'change';
  /** Where help lists it. Left out: by its risk, as look, measure or change. */
  readonly topic?: 'look' | 'change' | 'approve' | 'measure' | 'manage';
  /** The run is ended as timed out after this. */
  readonly deadlineMs: number;
  /** Names of what is typed without a flag, in order; all are optional for the grammar, `Args` decides. */
  readonly positionals: readonly string[];
  /** The last of them takes all words that are left: a reason is typed without quotes. */
  readonly freeText?: true;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Opened in Slack when the command is called without arguments. */
  readonly form?: CommandForm;
};

export type FlagSpec = {
  readonly type: 'string' | 'boolean' | 'list';
  /** One letter, typed with one dash. */
  readonly short?: string;
  readonly help: string;
};
