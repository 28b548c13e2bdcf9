import type { UiSwitch, UiSwitchboard } from './ui-protocol.ts';

/** Every way this Slack can be made to fail; the first value of each means "works". */
const SWITCHES = [
  {
    id: 'rate-limits',
    label: 'Rate limits',
    options: [
      ['off', 'As documented'],
      ['writes', 'Every post and edit is refused (429)'],
      ['updates', 'Every edit is refused (429)'],
      ['all', 'Every call is refused (429)'],
    ],
  },
  {
    id: 'web-api',
    label: 'Web API',
    options: [
      ['off', 'Works'],
      ['503', 'Down (503)'],
      ['reset', 'Connections reset'],
      ['slow', 'Slow (answers after 5 s)'],
      ['internal-error', 'Answers internal_error'],
    ],
  },
  {
    id: 'sockets',
    label: 'Socket Mode',
    options: [
      ['off', 'Works'],
      ['refresh', 'Asks the bot to reconnect, every 10 s'],
      ['drop', 'Drops connections and refuses new ones'],
    ],
  },
  {
    id: 'deliveries',
    label: 'Deliveries to the bot',
    options: [
      ['off', 'Once'],
      ['duplicate', 'Every delivery twice (a retry)'],
      ['lost', 'Lost on the way'],
    ],
  },
  {
    id: 'uploads',
    label: 'File uploads',
    options: [
      ['off', 'Allowed'],
      ['disabled', 'Disabled by the workspace'],
    ],
  },
  {
    id: 'missing-scope',
    label: 'Scope taken away',
    options: [
      ['off', 'None'],
      ['chat:write', 'chat:write'],
      ['files:write', 'files:write'],
      ['usergroups:read', 'usergroups:read'],
      ['users:read', 'users:read'],
      ['reactions:write', 'reactions:write'],
    ],
  },
  {
    id: 'membership',
    label: 'Bot in its channels',
    options: [
      ['off', 'Invited'],
      ['removed', 'Removed from every channel'],
    ],
  },
  {
    id: 'blocks',
    label: 'Block Kit',
    options: [
      ['off', 'Accepted'],
      ['rejected', 'Every block is refused (invalid_blocks)'],
      ['new-rejected', 'Newer blocks are refused (table, plan, charts, …)'],
    ],
  },
] as const;

type Switch = (typeof SWITCHES)[number];
type FaultId = Switch['id'];
type FaultValue<Id extends FaultId> = Extract<Switch, { id: Id }>['options'][number][0];

export type Faults = {
  readonly value: <Id extends FaultId>(id: Id) => FaultValue<Id>;
  /** Answers false where there is no such switch or option. */
  readonly set: (id: string, value: string) => boolean;
  readonly board: () => UiSwitchboard;
  readonly clear: () => void;
};

function toSwitch(entry: Switch, value: string): UiSwitch {
  const options = entry.options.map(([option, label]) => ({ value: option, label }));
  return { id: entry.id, label: entry.label, options, value };
}

export function createFaults(onChange: () => void): Faults {
  const values = new Map<string, string>();
  return {
    // The cast is safe: `set` admits only the options of that very switch.
    value: <Id extends FaultId>(id: Id) => (values.get(id) ?? 'off') as FaultValue<Id>,
    set(id, value) {
      const entry = SWITCHES.find((candidate) => candidate.id === id);
      if (!entry?.options.some(([option]) => option === value)) return false;
      values.set(id, value);
      onChange();
      return true;
    },
    board: () => ({
      id: 'slack',
      title: 'Slack',
      switches: SWITCHES.map((entry) => toSwitch(entry, values.get(entry.id) ?? 'off')),
    }),
    clear() {
      values.clear();
      onChange();
    },
  };
}
