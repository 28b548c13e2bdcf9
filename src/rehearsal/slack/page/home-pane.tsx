import { useEffect, useState } from 'react';
import { Blocks } from './blocks.tsx';
import { postControl } from './control.ts';
import type { FormValues } from './element-values.ts';
import { arrayOf } from './fields.ts';
import { formatRoute } from './route.ts';
import { SurfaceProvider } from './surface.tsx';
import { useWorkspace } from './workspace-context.tsx';

/** The App Home of the acting person. Opening it tells the app, which then publishes. */
export function HomePane() {
  const { snapshot, viewer, bot } = useWorkspace();
  const [values, setValues] = useState<FormValues>({});
  const view = snapshot.homes[viewer];
  useEffect(() => {
    void postControl('open-home', { user: viewer });
  }, [viewer]);
  return (
    <main className="pane home-pane" aria-label="App Home">
      <header className="pane-head">
        <a className="back" href={formatRoute({ type: 'list' })} aria-label="Back to the channels">
          ‹
        </a>
        <h2>{bot?.name ?? 'App'}</h2>
        <span className="quiet">Home</span>
      </header>
      <div className="scroller">
        {view ? (
          <SurfaceProvider
            place={{ viewId: view.id }}
            blocks={arrayOf(view['blocks'])}
            values={values}
            onValues={setValues}
          >
            <Blocks blocks={arrayOf(view['blocks'])} />
          </SurfaceProvider>
        ) : (
          <p className="empty">The app has not published its Home yet.</p>
        )}
      </div>
    </main>
  );
}
