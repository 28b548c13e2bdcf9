/**
 * Where the page is, kept in the address's hash so that a place can be shared:
 * `#/C0OPS` a channel, `#/C0OPS/p1763859600000100` a message and its thread, `#/home` the App Home, `#/` the list.
 */
export type Route =
  | { readonly type: 'list' }
  | { readonly type: 'home' }
  | { readonly type: 'channel'; readonly channel: string }
  | { readonly type: 'thread'; readonly channel: string; readonly ts: string };

export function parseRoute(hash: string): Route {
  const [place = '', message = ''] = hash.replace(/^#?\/?/, '').split('/');
  if (place === 'home') return { type: 'home' };
  if (place === '') return { type: 'list' };
  const ts = /^p(\d+)(\d{6})$/.exec(message);
  if (ts) return { type: 'thread', channel: place, ts: `${ts[1]}.${ts[2]}` };
  return { type: 'channel', channel: place };
}

export function formatRoute(route: Route): string {
  switch (route.type) {
    case 'list':
      return '#/';
    case 'home':
      return '#/home';
    case 'channel':
      return `#/${route.channel}`;
    case 'thread':
      return `#/${route.channel}/p${route.ts.replace('.', '')}`;
    default:
      throw new Error(`unhandled route: ${route satisfies never}`);
  }
}

/** The hash for one of Slack's permalinks (`…/archives/C…/p…`) on this very host, else the address as it is. */
export function localHref(url: string, host: string): string {
  const permalink = /^https?:\/\/([^/]+)\/archives\/([^/?#]+)(?:\/(p\d+))?/.exec(url);
  if (permalink?.[1] !== host) return url;
  return `#/${permalink[2]}${permalink[3] ? `/${permalink[3]}` : ''}`;
}
