import { access } from 'node:fs/promises';

/** A server of a folder, running. */
export type Embedded = {
  readonly url: string;
  /** Stops the server unless another process uses it. Call it when the own connections are closed. */
  readonly stopIfLast: () => Promise<void>;
};

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
