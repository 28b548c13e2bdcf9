import type { CheckGroup } from '../core/doctoring.ts';
import type { ChatopsConfig } from '../core/policy/chatops-config.ts';
import { namedIn, policyChecks } from './doctor-approvers.ts';
import { judgeSlack, type Reach } from './doctor-checks.ts';
import { readSlackSigns, type SlackDoor, tryAppToken } from './doctor-signs.ts';
import type { Heard } from './heard.ts';

export type SlackExam = {
  readonly door: SlackDoor;
  readonly config: ChatopsConfig;
  readonly reach: () => Reach;
  /** Absent in a terminal. */
  readonly heard?: Heard;
  readonly now: () => Date;
};

/** Slack, and whether what chatops.yaml says of people can be satisfied there. Asks, changes nothing, never rejects. */
export async function examineSlack({ door, config, reach, heard, now }: SlackExam): Promise<readonly CheckGroup[]> {
  const named = namedIn(config);
  const signs = await readSlackSigns(door, named);
  const usesGroups = named.groups.length > 0;
  const told = { signs, reach: reach(), usesGroups, now: now(), ...(heard === undefined ? {} : { heard }) };
  const slack = { title: 'Slack', checks: judgeSlack(told) };
  // Whom Slack does not know cannot be judged when it did not let us in.
  return signs.identity.ok ? [slack, { title: 'Policy', checks: policyChecks(config.policy, signs.groups) }] : [slack];
}

export type SlackTransport =
  | { readonly type: 'socket'; readonly appToken: string }
  | { readonly type: 'http'; readonly signingSecret: string };

/** The same beside the bot, in a terminal: tokens and what they open; whether a bot runs is not seen from here. */
export async function examineSlackHere(
  { door, config, now }: Omit<SlackExam, 'reach' | 'heard'>,
  transport: SlackTransport,
): Promise<readonly CheckGroup[]> {
  const reach: Reach =
    transport.type === 'http'
      ? { type: 'signing-secret' }
      : { type: 'app-token', taken: await tryAppToken(door, transport.appToken) };
  return examineSlack({ door, config, reach: () => reach, now });
}
