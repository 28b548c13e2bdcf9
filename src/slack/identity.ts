import type { AuthorizeResult } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { OpsError } from '../core/errors.ts';
import { fromSlack } from './slack-errors.ts';

export type Identity = AuthorizeResult & {
  /** `https://example.slack.com/`, where messages are to be found in a browser. */
  readonly workspaceUrl?: string;
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
    const { bot_id, user_id, team_id, is_enterprise_install, url } = await client.auth.test({ token: botToken });
    return {
      botToken,
      ...(url === undefined ? {} : { workspaceUrl: url }),
      ...(bot_id === undefined ? {} : { botId: bot_id }),
      ...(user_id === undefined ? {} : { botUserId: user_id }),
      // Installed for a whole organisation, every request's own team is home.
      ...(team_id === undefined || is_enterprise_install === true ? {} : { teamId: team_id }),
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
