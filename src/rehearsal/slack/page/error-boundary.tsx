import { Component, type ReactNode } from 'react';

type Props = { readonly what: string; readonly children: ReactNode };
type State = { readonly message: string | undefined };

/** Keeps one thing that cannot be drawn from taking the whole page with it, and says which. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { message: undefined };

  static getDerivedStateFromError(thrown: unknown): State {
    return { message: thrown instanceof Error ? thrown.message : String(thrown) };
  }

  override render() {
    if (this.state.message === undefined) return this.props.children;
    return (
      <p className="unknown" role="alert">
        The rehearsal page could not draw {this.props.what}: {this.state.message}
      </p>
    );
  }
}
