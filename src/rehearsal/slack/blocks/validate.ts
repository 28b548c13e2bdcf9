import { isJson, type Json } from '../json.ts';

export type Surface = 'message' | 'modal' | 'home';

export function validateBlocks(blocks: readonly unknown[], surface: Surface): readonly string[] {
  const max = surface === 'message' ? 50 : 100;
  return blocks.length > max ? [`no more than ${max} items allowed [json-pointer:/blocks]`] : [];
}

export function blockTextLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + blockTextLength(item), 0);
  if (!isJson(value)) return 0;
  return Object.entries(value as Json).reduce(
    (sum, [key, item]) => sum + (key === 'text' && typeof item === 'string' ? item.length : blockTextLength(item)),
    0,
  );
}
