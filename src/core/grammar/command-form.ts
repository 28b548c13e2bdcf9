/**
 * How a command is asked for with pickers. A form is one more way to type: what is entered becomes a line, and the line
 * is parsed, authorised and recorded like any other. The cluster is asked for by itself where there are several.
 */
export type CommandForm = {
  /** At most 24 characters each. */
  readonly title: string;
  readonly submit: string;
  /** What it does, what it takes, and what happens where nothing is picked. */
  readonly intro: string;
  readonly fields: readonly FormField[];
};

type Labelled = {
  /** The argument it fills: where `Args` finds something wrong with it, this field says so. */
  readonly argument: string;
  readonly label: string;
  readonly hint?: string;
};

export type FormField =
  /** One of the cluster's nodes; may be left open. */
  | (Labelled & { readonly type: 'node'; readonly flag: string; readonly placeholder: string })
  /** A whole number. `initial` is what holds without the flag, which is not typed then; none: it may be left open. */
  | (Labelled & { readonly type: 'number'; readonly flag: string; readonly initial?: number })
  /** A line of words; may be left open. */
  | (Labelled & { readonly type: 'text'; readonly flag: string })
  /** One of a few ways; the first is what holds when nobody chooses. `typed` is what stands in the line for it. */
  | (Labelled & {
      readonly type: 'choice';
      readonly options: readonly [Option, ...Option[]];
      /** Other arguments that its options fill. */
      readonly also?: readonly string[];
    });

type Option = { readonly label: string; readonly typed: readonly string[] };
