import type { InputBlock, PlainTextElement, PlainTextOption } from '@slack/types';
import type { CommandForm, FormField } from '../core/grammar/command-form.ts';
import type { Reply } from '../core/replies/reply.ts';
import { literal, oneLine, truncate } from './escape.ts';
import { linesBlock, text, time } from './lines.ts';
import { plural } from './numbers.ts';
import { renderReply } from './reply-message.ts';
import type { MessageBlock } from './slack-message.ts';

/** Slack's limits for options of selects and radio buttons; its pages say 75 and 150 for the value. */
const OPTION_MAX = 75;
const OPTIONS_MAX = 100;
const NODE_NAME_MAX = 253;
const RADIO_MAX = 2;
const TEXT_MAX = 400;

export const CLUSTER_BLOCK = 'cluster';
export const CLUSTER_ACTION = 'cilium-form-cluster';
/** Of every other field: block ids tell them apart. */
export const FIELD_ACTION = 'cilium-form-field';
export const NODE_ACTION = 'cilium-form-node';

export type FormView = {
  readonly type: 'modal';
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly title: PlainTextElement;
  readonly submit: PlainTextElement;
  readonly close: PlainTextElement;
  readonly blocks: readonly (MessageBlock | InputBlock)[];
};

export type FormState = {
  readonly form: CommandForm;
  readonly callbackId: string;
  readonly metadata: string;
  /** Those that may be operated from here. */
  readonly clusters: readonly string[];
  /** The one whose nodes are offered; none is chosen for anybody where there are several. */
  readonly cluster: string | undefined;
  /** What is known about its nodes. */
  readonly nodes: { readonly count: number; readonly asOf: string } | undefined;
};

/** Nodes belong to a cluster: in another id, what was picked for one is not kept for the next. */
export function blockIdOf(field: FormField, cluster: string | undefined): string {
  return field.type === 'node' ? `${field.argument}@${cluster ?? ''}` : field.argument;
}

export function formView(state: FormState): FormView {
  const { form, clusters, cluster, nodes } = state;
  const fields = form.fields.flatMap((field) => fieldBlocks(field, state));
  const note = form.fields.some(({ type }) => type === 'node') ? [linesBlock([nodesNote(cluster, nodes)])] : [];
  return {
    type: 'modal',
    callback_id: state.callbackId,
    private_metadata: state.metadata,
    title: plain(form.title, 24),
    submit: plain(form.submit, 24),
    close: plain('Cancel', 24),
    blocks: [
      linesBlock([[text(form.intro)]]),
      ...(clusters.length > 1 ? [clusterBlock(clusters, cluster)] : []),
      ...note,
      ...fields,
    ],
  };
}

function nodesNote(cluster: string | undefined, nodes: FormState['nodes']) {
  if (cluster === undefined) return [text('Choose the cluster first: its nodes are offered then')];
  if (nodes === undefined)
    return [text(`Nothing is known about the nodes of ${cluster} yet: type their names, or leave them empty`)];
  const more = nodes.count > OPTIONS_MAX ? '; type a part of a name or zone to find one' : '';
  return [
    text(`${plural(nodes.count, 'node')} of ${cluster}, last read: `),
    time(nodes.asOf, '{date_short_pretty} {time}'),
    text(more),
  ];
}

/** Fifty at most: that many a configuration may name. */
function clusterBlock(clusters: readonly string[], chosen: string | undefined): InputBlock {
  const options = clusters.slice(0, OPTIONS_MAX).map((name) => option(name, name));
  const initial = options.find(({ value }) => value === chosen);
  return {
    type: 'input',
    block_id: CLUSTER_BLOCK,
    dispatch_action: true,
    label: plain('Cluster', 100),
    element: {
      type: 'static_select',
      action_id: CLUSTER_ACTION,
      placeholder: plain('Choose one', 100),
      options,
      ...(initial === undefined ? {} : { initial_option: initial }),
    },
  };
}

function fieldBlocks(field: FormField, { cluster, nodes }: FormState): readonly InputBlock[] {
  if (field.type === 'node' && cluster === undefined) return [];
  const hint = field.hint === undefined ? {} : { hint: plain(field.hint, 2_000) };
  return [
    {
      type: 'input',
      block_id: blockIdOf(field, cluster),
      label: plain(field.label, 100),
      optional:
        field.type === 'node' || field.type === 'text' || (field.type === 'number' && field.initial === undefined),
      ...hint,
      element: elementOf(field, nodes !== undefined),
    },
  ];
}

function elementOf(field: FormField, isKnown: boolean): InputBlock['element'] {
  switch (field.type) {
    case 'node':
      return isKnown
        ? {
            type: 'external_select',
            action_id: NODE_ACTION,
            min_query_length: 0,
            placeholder: plain(field.placeholder, 150),
          }
        : {
            type: 'plain_text_input',
            action_id: FIELD_ACTION,
            max_length: NODE_NAME_MAX,
            placeholder: plain(field.placeholder, 150),
          };
    case 'number': {
      const initial = field.initial === undefined ? {} : { initial_value: String(field.initial) };
      return { type: 'number_input', action_id: FIELD_ACTION, is_decimal_allowed: false, min_value: '1', ...initial };
    }
    case 'text':
      return { type: 'plain_text_input', action_id: FIELD_ACTION, max_length: TEXT_MAX };
    case 'choice': {
      const options = field.options.map(({ label }, index) => option(label, String(index)));
      const [first] = options;
      const shared = { action_id: FIELD_ACTION, options, ...(first === undefined ? {} : { initial_option: first }) };
      return options.length <= RADIO_MAX ? { type: 'radio_buttons', ...shared } : { type: 'static_select', ...shared };
    }
    default:
      throw new Error(`unhandled field: ${JSON.stringify(field satisfies never)}`);
  }
}

/** What a picker of nodes shows. A name that no option can carry is left out: it may still be typed. */
export function nodeOptions(nodes: readonly { readonly name: string; readonly zone?: string | undefined }[]) {
  return nodes
    .filter(({ name }) => name.length <= OPTION_MAX)
    .slice(0, OPTIONS_MAX)
    .map(({ name, zone }) => ({
      ...option(name, name),
      ...(zone === undefined ? {} : { description: plain(`zone ${zone}`, OPTION_MAX) }),
    }));
}

/** On top of the form, which stays as it was filled in. */
export function refusedView(reply: Reply) {
  return {
    type: 'modal' as const,
    title: plain('Not started', 24),
    close: plain('Back', 24),
    // Buttons of a modal are in no channel: what they would run is typed or pressed elsewhere.
    blocks: renderReply({ ...reply, next: [] }).blocks,
  };
}

function option(label: string, value: string): PlainTextOption {
  return { text: plain(label, OPTION_MAX), value };
}

function plain(value: string, max: number): PlainTextElement {
  return { type: 'plain_text', text: truncate(literal(oneLine(value)), max), emoji: false };
}
