import type { LinkTo } from '../app/run-link.ts';

/**
 * Links to messages, made as chat.getPermalink makes them and without a call each: workspace, channel, and the time
 * stamp without its dot. The workspace's address is known once Slack has answered who we are.
 */
export function createLinks(): { readonly linkTo: LinkTo; readonly found: (workspaceUrl: string | undefined) => void } {
  let base: string | undefined;
  return {
    found: (workspaceUrl) => {
      base = workspaceUrl?.replace(/\/+$/, '');
    },
    linkTo: ({ channel, ts, threadTs }) => {
      if (base === undefined) return undefined;
      const inThread = threadTs === undefined ? '' : `?thread_ts=${threadTs}&cid=${channel}`;
      return `${base}/archives/${channel}/p${ts.replace('.', '')}${inThread}`;
    },
  };
}
