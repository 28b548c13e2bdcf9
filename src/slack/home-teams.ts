import type { WebClient } from '@slack/web-api';
import { z } from 'zod';

/**
 * Whose people are ours: those of the one team that the app is installed in; or, when it is installed for a whole
 * organisation, those of the teams that it is approved for.
 */
export type HomeTeams =
  | { readonly type: 'team'; readonly team: string }
  | { readonly type: 'organisation'; readonly teams: readonly string[] };

const OfOrganisation = z.object({ homeTeams: z.array(z.string()) });

/** What the identity of the app says (`identity.ts`), which Bolt hands to every listener. */
export function homeTeamsOf(context: {
  readonly teamId?: string;
  readonly homeTeams?: unknown;
}): HomeTeams | undefined {
  // Bolt fills in the team of the request where the app has none of its own, so this is asked first.
  const organisation = OfOrganisation.safeParse(context);
  if (organisation.success) return { type: 'organisation', teams: organisation.data.homeTeams };
  return context.teamId === undefined ? undefined : { type: 'team', team: context.teamId };
}

const PAGE = 200;
/** 2,000 workspaces; people of those beyond may look only. */
const MAX_PAGES = 10;

/** The teams of an organisation-wide installation, and the organisation itself: Slack names either for its people. */
export async function teamsOfOrganisation(
  client: Pick<WebClient, 'auth'>,
  token: string,
  organisation: string | undefined,
): Promise<readonly string[]> {
  const teams = organisation === undefined ? [] : [organisation];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await client.auth.teams.list({ token, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    teams.push(...(answer.teams ?? []).flatMap(({ id }) => (id === undefined ? [] : [id])));
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') break;
  }
  return teams;
}
