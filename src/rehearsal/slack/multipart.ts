export type Part = { readonly field: string; readonly fileName: string | undefined; readonly content: Buffer };

const HEADER_END = Buffer.from('\r\n\r\n');

function toPart(piece: Buffer): Part | undefined {
  const headerEnd = piece.indexOf(HEADER_END);
  if (headerEnd < 0) return undefined;
  const disposition = /content-disposition:[^\r\n]*/i.exec(piece.subarray(0, headerEnd).toString('utf8'))?.[0] ?? '';
  const field = /[; ]name="([^"]*)"/i.exec(disposition)?.[1];
  if (field === undefined) return undefined;
  const fileName = /[; ]filename="([^"]*)"/i.exec(disposition)?.[1];
  return { field, fileName, content: piece.subarray(headerEnd + HEADER_END.length, piece.length - 2) };
}

/**
 * The parts of a multipart/form-data body that is in memory already.
 * @returns undefined where the body is not multipart, or cut off
 */
export function parseParts(contentType: string, body: Buffer): readonly Part[] | undefined {
  const [, quoted, bare] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = Buffer.from(`--${quoted ?? bare ?? ''}`);
  const parts: Part[] = [];
  let start = body.indexOf(boundary);
  while (start >= 0) {
    const from = start + boundary.length;
    if (body.subarray(from, from + 2).toString() === '--') return parts;
    const end = body.indexOf(boundary, from);
    const part = end < 0 ? undefined : toPart(body.subarray(from + 2, end));
    if (!part) return undefined;
    parts.push(part);
    start = end;
  }
  return undefined;
}
