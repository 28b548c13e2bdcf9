import { useEffect, useState } from 'react';
import type { UiSnapshot } from '../ui-protocol.ts';
import { Announcer } from './announcer.tsx';
import { ConfirmProvider } from './confirm-dialog.tsx';
import { HomePane } from './home-pane.tsx';
import { Modal } from './modal.tsx';
import { type PageState, topView } from './page-state.ts';
import { ChannelPane, ThreadPane } from './panes.tsx';
import type { Route } from './route.ts';
import { Sidebar } from './sidebar.tsx';
import { brokenCount, SwitchboardPanel } from './switchboard.tsx';
import { useActAs } from './use-act-as.ts';
import { useLive } from './use-live.ts';
import { useRoute } from './use-route.ts';
import { useUnread } from './use-unread.ts';
import { WorkspaceProvider } from './workspace-context.tsx';

export function App() {
  const { state, connected } = useLive();
  if (!state.workspace) return <p className="connecting">Connecting to the rehearsal Slack…</p>;
  return <WorkspacePage state={state} snapshot={state.workspace} connected={connected} />;
}

type PageProps = { readonly state: PageState; readonly snapshot: UiSnapshot; readonly connected: boolean };

function WorkspacePage({ state, snapshot, connected }: PageProps) {
  const route = useRoute();
  const now = useMinuteClock();
  const [viewer, actAs] = useActAs(snapshot.users);
  const [switchboardOpen, setSwitchboardOpen] = useState(false);
  const channel = shownChannel(route, snapshot);
  const unread = useUnread(snapshot.messages, channel, viewer);
  const view = topView(snapshot, viewer);
  const broken = brokenCount(snapshot.switchboards);

  return (
    <WorkspaceProvider snapshot={snapshot} viewer={viewer} now={now}>
      <ConfirmProvider>
        <div className="page" data-route={route.type}>
          <header className="banner">
            <p>{snapshot.banner}</p>
            {!connected && <p role="alert">Connection lost, trying again</p>}
            <button
              type="button"
              aria-expanded={switchboardOpen}
              className={broken > 0 ? 'broken' : ''}
              onClick={() => setSwitchboardOpen(!switchboardOpen)}
            >
              {broken > 0 ? `Switchboard: ${broken} broken` : 'Switchboard'}
            </button>
          </header>
          <Sidebar
            route={route.type === 'list' ? { type: 'channel', channel } : route}
            unread={unread}
            onActAs={actAs}
          />
          {route.type === 'home' ? (
            <HomePane />
          ) : (
            <ChannelPane channel={channel} openThread={route.type === 'thread' ? route.ts : undefined} />
          )}
          {route.type === 'thread' && <ThreadPane channel={route.channel} ts={route.ts} />}
          {switchboardOpen && <SwitchboardPanel onClose={() => setSwitchboardOpen(false)} />}
        </div>
        {view && (
          <Modal
            key={view.id}
            view={view}
            depth={snapshot.views[viewer]?.length ?? 0}
            errors={state.viewErrors[view.id] ?? {}}
          />
        )}
        <Announcer key={viewer} messages={snapshot.messages} channel={channel} />
      </ConfirmProvider>
    </WorkspaceProvider>
  );
}

/** Beside the list a wide window shows the first channel. */
function shownChannel(route: Route, { channels }: UiSnapshot): string {
  return 'channel' in route ? route.channel : (channels[0]?.id ?? '');
}

const MINUTE_MS = 60_000;

/** "Last reply 3 minutes ago" stays true. */
function useMinuteClock(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
