import type { AuthorizeResult } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { OpsError } from '../core/errors.ts';
import { teamsOfOrganisation } from './home-teams.ts';
import { fromSlack } from './slack-errors.ts';

export type Identity = AuthorizeResult & {
  /** `https://example.slack.com/`, where messages are to be found in a browser. */
  readonly workspaceUrl?: string;
  /** Set where the app is installed for a whole organisation: whose people are ours. */
  readonly homeTeams?: readonly string[];
};

/**
 * Who we are in Slack, asked once. Bolt would ask by itself, but then an unreachable Slack at the start is a promise
 * that nobody catches, which ends the process. And Bolt takes the team from each request, where it may be the
 * requester's: whether somebody is from elsewhere is judged by the team that this bot is installed in.
 */
export function createIdentity(client: WebClient, botToken: string): () => Promise<Identity> {
  let known: Promise<Identity> | undefined;
  return () => {
    known ??= identify(client, botToken).catch((thrown: unknown) => {
      known = undefined;
      throw thrown;
    });
    return known;
  };
}

/** @throws OpsError BadConfig when Slack refuses the token, SlackUnavailable, SlackRateLimited */
async function identify(client: WebClient, botToken: string): Promise<Identity> {
  try {
    const answer = await client.auth.test({ token: botToken });
    const { bot_id, user_id, team_id, enterprise_id, is_enterprise_install, url } = answer;
    const isWide = is_enterprise_install === true;
    return {
      botToken,
      ...(url === undefined ? {} : { workspaceUrl: url }),
      ...(bot_id === undefined ? {} : { botId: bot_id }),
      ...(user_id === undefined ? {} : { botUserId: user_id }),
      ...(team_id === undefined || isWide ? {} : { teamId: team_id }),
      ...(isWide ? { homeTeams: await teamsOfOrganisation(client, botToken, enterprise_id) } : {}),
    };
  } catch (thrown) {
    const error = fromSlack(thrown, 'the bot token');
    if (error.code !== 'SlackRefused') throw error;
    throw new OpsError('BadConfig', `${error.message}: SLACK_BOT_TOKEN is not usable`, {
      nextStep: 'copy the Bot User OAuth Token from the app’s "Install App" page again',
      cause: thrown,
    });
  }
}
