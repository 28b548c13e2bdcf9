import { extname } from 'node:path';
import type { StoredFile } from './messages.ts';

/** An upload on its way: a URL was handed out, the bytes may have come, it is not shared yet. */
export type PendingUpload = {
  readonly id: string;
  readonly name: string;
  readonly lengthBytes: number;
  readonly altText: string;
  readonly user: string;
  content?: Buffer;
};

export type FileStore = {
  readonly pending: Map<string, PendingUpload>;
  readonly shared: Map<string, { file: StoredFile; readonly content: Buffer }>;
  readonly clear: () => void;
};

export function createFileStore(): FileStore {
  const pending: FileStore['pending'] = new Map();
  const shared: FileStore['shared'] = new Map();
  return {
    pending,
    shared,
    clear() {
      pending.clear();
      shared.clear();
    },
  };
}

const MIME_TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
  json: 'application/json',
  csv: 'text/csv',
  txt: 'text/plain',
  log: 'text/plain',
  diff: 'text/plain',
  md: 'text/markdown',
  yaml: 'text/yaml',
  yml: 'text/yaml',
  gz: 'application/gzip',
  zip: 'application/zip',
};

export function fileTypeOf(name: string): string {
  return extname(name).slice(1).toLowerCase();
}

export function mimeTypeOf(name: string): string {
  return MIME_TYPES[fileTypeOf(name)] ?? 'application/octet-stream';
}
