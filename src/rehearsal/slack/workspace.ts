import { newId, newSecret } from './ids.ts';

export type Person = {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly email: string;
  /** The home team; another than the workspace's own for somebody who comes in through Slack Connect. */
  readonly teamId: string;
  readonly tz: string;
  readonly isBot: boolean;
};

export type Channel = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'public' | 'private' | 'im';
  readonly isExtShared: boolean;
  readonly isArchived: boolean;
  readonly members: Set<string>;
  /** Who is in it at the start, and again after a reset. */
  readonly firstMembers: readonly string[];
  readonly createdAt: number;
};

export type UserGroup = {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly users: readonly string[];
};

type SlackApp = {
  readonly appId: string;
  readonly botId: string;
  readonly botUserId: string;
  readonly name: string;
};

export type Tokens = {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** The old verification token, still part of every payload. */
  readonly verification: string;
};

export type SlashCommand = {
  readonly command: string;
  readonly usageHint: string;
  readonly examples: readonly string[];
  /** "Escape channels, users, and links sent to your app" of the app's settings. */
  readonly shouldEscape: boolean;
};

export type Workspace = {
  readonly teamId: string;
  readonly name: string;
  readonly domain: string;
  readonly people: readonly Person[];
  readonly channels: Map<string, Channel>;
  readonly userGroups: readonly UserGroup[];
  readonly app: SlackApp;
  readonly tokens: Tokens;
  readonly commands: readonly SlashCommand[];
};

/** The scopes that a bot like this one asks for; `channels:history` is deliberately not among them. */
export const DEFAULT_SCOPES: readonly string[] = [
  'app_mentions:read',
  'channels:read',
  'chat:write',
  'commands',
  'files:read',
  'files:write',
  'groups:read',
  'im:write',
  'reactions:write',
  'team:read',
  'usergroups:read',
  'users:read',
];

export const DEFAULT_COMMAND: SlashCommand = {
  command: '/cilium',
  usageHint: 'status | preflight | enable native-routing | rollback | iperf | help',
  shouldEscape: true,
  examples: [
    '/cilium status',
    '/cilium status prod --nodes all',
    '/cilium preflight native-routing prod',
    '/cilium enable native-routing prod --bench --reason "CHG-4711"',
    '/cilium rollback prod',
    '/cilium restart unmanaged prod',
    '/cilium iperf prod --all-pairs',
    '/cilium verify prod',
    '/cilium history',
    '/cilium help',
  ],
};

const TEAM_ID = 'T0REHEARSAL';
const PARTNER_TEAM_ID = 'T0PARTNER01';
export const SLACKBOT_ID = 'USLACKBOT';

const APP: SlackApp = { appId: 'A0CILIUM01', botId: 'B0CILIUM01', botUserId: 'U0CILIUMBOT', name: 'cilium' };

function person(name: string, realName: string, teamId = TEAM_ID): Person {
  return {
    id: `U0${name.toUpperCase()}0001`,
    name,
    realName,
    email: `${name}@${teamId === TEAM_ID ? 'rehearsal' : 'partner'}.example`,
    teamId,
    tz: 'Europe/Berlin',
    isBot: false,
  };
}

const PEOPLE: readonly Person[] = [
  person('dana', 'Dana Ortiz'),
  person('lee', 'Lee Park'),
  person('sam', 'Sam Adeyemi'),
  person('kim', 'Kim Novak'),
  person('pat', 'Pat Partner', PARTNER_TEAM_ID),
  {
    id: APP.botUserId,
    name: APP.name,
    realName: 'Cilium',
    email: '',
    teamId: TEAM_ID,
    tz: 'Etc/UTC',
    isBot: true,
  },
  { id: SLACKBOT_ID, name: 'slackbot', realName: 'Slackbot', email: '', teamId: TEAM_ID, tz: 'Etc/UTC', isBot: true },
];

const EVERYBODY = ['U0DANA0001', 'U0LEE0001', 'U0SAM0001', 'U0KIM0001'];

type ChannelSpec = Pick<Channel, 'name'> &
  Partial<Omit<Channel, 'name' | 'members' | 'firstMembers'>> & { members?: readonly string[] };

/** `#random` is where the bot was never invited, `#sec-private` what it must not even see. */
const CHANNELS: readonly ChannelSpec[] = [
  { id: 'C0OPS000001', name: 'ops', members: [...EVERYBODY, APP.botUserId] },
  { id: 'C0GENERAL01', name: 'general', members: [...EVERYBODY, APP.botUserId] },
  { id: 'C0RANDOM001', name: 'random', members: EVERYBODY },
  { id: 'C0SECPRIV01', name: 'sec-private', kind: 'private', members: ['U0DANA0001', 'U0KIM0001'] },
  { id: 'C0PARTNERS1', name: 'partners', isExtShared: true, members: [...EVERYBODY, 'U0PAT0001', APP.botUserId] },
  { id: 'C0ARCHIVE01', name: 'old-ops', isArchived: true, members: [...EVERYBODY, APP.botUserId] },
];

export type WorkspaceOptions = {
  readonly commands?: readonly SlashCommand[];
  readonly tokens?: Partial<Tokens>;
  /** More channels, beside the default ones. */
  readonly channels?: readonly ChannelSpec[];
  readonly people?: readonly Person[];
  readonly userGroups?: readonly UserGroup[];
};

function toChannel(spec: ChannelSpec): Channel {
  return {
    id: spec.id ?? newId('C'),
    name: spec.name,
    kind: spec.kind ?? 'public',
    isExtShared: spec.isExtShared ?? false,
    isArchived: spec.isArchived ?? false,
    members: new Set(spec.members ?? []),
    firstMembers: [...(spec.members ?? [])],
    createdAt: spec.createdAt ?? 1_760_000_000,
  };
}

/** The default workspace: dana asks, lee and sam approve, kim may not, pat is from another company. */
export function createWorkspace(options: WorkspaceOptions = {}): Workspace {
  const channels = [...CHANNELS, ...(options.channels ?? [])].map(toChannel);
  const approvers = { id: 'S0APPROVERS', handle: 'platform-approvers', name: 'Platform approvers' };
  return {
    teamId: TEAM_ID,
    name: 'Rehearsal',
    domain: 'rehearsal',
    people: [...PEOPLE, ...(options.people ?? [])],
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    userGroups: options.userGroups ?? [{ ...approvers, users: ['U0LEE0001', 'U0SAM0001'] }],
    app: APP,
    tokens: {
      botToken: `xoxb-rehearsal-${newSecret()}`,
      appToken: `xapp-1-${APP.appId}-${newSecret()}`,
      signingSecret: newSecret(16),
      verification: newSecret(),
      ...options.tokens,
    },
    commands: options.commands ?? [DEFAULT_COMMAND],
  };
}
