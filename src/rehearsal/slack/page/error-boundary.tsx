import { Component, type ReactNode } from 'react';

type Props = { readonly what: string; readonly children: ReactNode };

/** Keeps one thing that cannot be drawn from taking the whole page with it, and says which. */
export class ErrorBoundary extends Component<Props, { readonly message: string | undefined }> {
  override state = { message: undefined };

  static getDerivedStateFromError(thrown: unknown) {
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
