import type { UiMessage, UiSnapshot } from '../../../src/rehearsal/slack/ui-protocol.ts';

export const OPS = 'C0OPS000001';
export const DANA = 'U0DANA0001';
export const LEE = 'U0LEE0001';
export const BOT = 'U0CILIUMBOT';

/** A small workspace: two people, the bot, two channels, one command. */
export function aWorkspace(changed: Partial<UiSnapshot> = {}): UiSnapshot {
  return {
    type: 'snapshot',
    workspace: 'Rehearsal',
    banner: 'Rehearsal: no Slack workspace and no cluster is touched',
    users: [
      { id: DANA, name: 'dana', realName: 'Dana Ortiz', isBot: false },
      { id: LEE, name: 'lee', realName: 'Lee Park', isBot: false },
      { id: BOT, name: 'cilium', realName: 'Cilium', isBot: true },
      { id: 'USLACKBOT', name: 'slackbot', realName: 'Slackbot', isBot: true },
    ],
    channels: [
      { id: OPS, name: 'ops', isPrivate: false, members: [DANA, LEE, BOT] },
      { id: 'C0GENERAL01', name: 'general', isPrivate: false, members: [DANA, LEE, BOT] },
      { id: 'C0SECPRIV01', name: 'sec-private', isPrivate: true, members: [DANA] },
    ],
    messages: [],
    views: {},
    homes: {},
    commands: [
      {
        command: '/cilium',
        usageHint: 'status | preflight | enable native-routing | rollback | iperf | help',
        examples: ['/cilium status', '/cilium status prod --nodes all', '/cilium enable native-routing prod --bench'],
      },
    ],
    switchboards: [],
    sockets: 1,
    ...changed,
  };
}

let lastSecond = 1_763_859_600;

/** A message a second after the one made before it, unless `ts` is given. */
export function aMessage(changed: Partial<UiMessage> = {}): UiMessage {
  lastSecond += 1;
  return {
    channel: OPS,
    ts: `${lastSecond}.000100`,
    user: BOT,
    text: 'a message',
    blocks: [],
    files: [],
    replyCount: 0,
    ...changed,
  };
}
