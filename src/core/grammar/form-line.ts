import type { CommandCard } from './command-card.ts';
import type { CommandForm, FormField } from './command-form.ts';
import { parseLine } from './grammar.ts';
import { joinWords } from './words.ts';

/** What a person entered, by argument; of a choice the place of the option in its list. */
export type Entered = Readonly<Record<string, string | undefined>>;

/** `iperf prod --from node1 --to node2`. What is as it would be anyway is left out. */
export function formLine(card: CommandCard, form: CommandForm, cluster: string, entered: Entered): string {
  const words = form.fields.flatMap((field) => typedBy(field, entered[field.argument]?.trim() ?? ''));
  return joinWords([...(card.words[0] ?? [card.name]), cluster, ...words]);
}

function typedBy(field: FormField, value: string): readonly string[] {
  if (field.type === 'choice') return (field.options[Number(value)] ?? field.options[0]).typed;
  if (value === '' || (field.type === 'number' && value === String(field.initial))) return [];
  // A value that looks like a flag would be taken for one.
  return value.startsWith('-') ? [`--${field.flag}=${value}`] : [`--${field.flag}`, value];
}

/** The field that an argument was entered in. */
export function fieldOf(form: CommandForm, argument: string): FormField | undefined {
  return form.fields.find(
    (field) => field.argument === argument || (field.type === 'choice' && field.also?.includes(argument) === true),
  );
}

export type Asked<Card> = { readonly card: Card; readonly form: CommandForm };

/** The form of a line that names a command and nothing else. */
export function formAsked<Card extends CommandCard>(line: string, cards: readonly Card[]): Asked<Card> | undefined {
  const parsed = parseLine(line, cards);
  if (parsed.type !== 'command' || parsed.card.form === undefined || Object.keys(parsed.raw).length > 0)
    return undefined;
  return { card: parsed.card, form: parsed.card.form };
}
