import type { Log } from '../../src/core/ports/ports.ts';

export type TestLog = Log & { readonly lines: readonly { readonly level: string; readonly message: string }[] };

/** Remembers what was said. */
export function createTestLog(): TestLog {
  const lines: { level: string; message: string; fields: unknown }[] = [];
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
