/**
 * Blocks and views arrive as unknown JSON from any app. These readers take only what is there and of the right
 * type, so that a malformed block shows less, never a crashed page.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function has(of: Fields, key: string): boolean {
  return isFields(of[key]);
}

export function child(of: Fields, key: string): Fields {
  return fieldsOf(of[key]);
}

export function children(of: Fields, key: string): readonly Fields[] {
  return arrayOf(of[key]).map(fieldsOf);
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The string under `key`, or the empty string. */
export function str(of: Fields, key: string): string {
  const value = of[key];
  return typeof value === 'string' ? value : '';
}

export function strings(of: Fields, key: string): readonly string[] {
  return arrayOf(of[key]).filter((entry) => typeof entry === 'string');
}

export function num(of: Fields, key: string): number | undefined {
  const value = of[key];
  return typeof value === 'number' ? value : undefined;
}

export function flag(of: Fields, key: string): boolean {
  return of[key] === true;
}

/** The text of a plain_text or mrkdwn object under `key`; a bare string counts too (plan titles are bare). */
export function textOf(of: Fields, key: string): string {
  return str(of, key) || str(child(of, key), 'text');
}
