/** Everything opened is closed, newest first; failures are gathered and not lost. */
export type Closers = { readonly add: (close: () => Promise<void>) => void; readonly close: () => Promise<void> };

export function createClosers(): Closers {
  const closers: (() => Promise<void>)[] = [];
  return {
    add: (close) => closers.push(close),
    async close() {
      const failures: unknown[] = [];
      for (const close of closers.splice(0).reverse()) await close().catch((thrown: unknown) => failures.push(thrown));
      if (failures.length > 0) throw new AggregateError(failures, 'shutdown was not clean');
    },
  };
}
