import { useEffect, useReducer, useState } from 'react';
import type { UiEvent } from '../ui-protocol.ts';
import { EMPTY_STATE, type PageState, reducePage } from './page-state.ts';

/**
 * The workspace, kept up to date by server-sent events. The browser reconnects by itself, and the server starts
 * every stream with a snapshot, so nothing that happened meanwhile is missed.
 */
export function useLive(): { readonly state: PageState; readonly connected: boolean } {
  const [state, dispatch] = useReducer(reducePage, EMPTY_STATE);
  const [connected, setConnected] = useState(false);
  useEffect(() => {
    const source = new EventSource('/_ui/events');
    source.onopen = () => setConnected(true);
    source.onerror = () => setConnected(false);
    // The server of this very package writes the stream by the types of ui-protocol.ts.
    source.onmessage = ({ data }) => dispatch(JSON.parse(String(data)) as UiEvent);
    return () => source.close();
  }, []);
  return { state, connected };
}
