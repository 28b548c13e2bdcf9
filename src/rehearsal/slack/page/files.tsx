import type { UiFile } from '../ui-protocol.ts';

/** Pictures inline with their alternative text, everything else as a download. */
export function Files({ files }: { readonly files: readonly UiFile[] }) {
  return files.map((file) =>
    file.mimetype.startsWith('image/') ? (
      <figure key={file.id} className="image-block">
        <figcaption>{file.title || file.name}</figcaption>
        <a href={file.url} target="_blank" rel="noreferrer">
          <img className="block-image" src={file.url} alt={file.altText || file.title || file.name} />
        </a>
      </figure>
    ) : (
      <a key={file.id} className="file" href={file.url} download={file.name}>
        <b>{file.title || file.name}</b>
        <span className="quiet">
          {file.name} · {toSize(file.sizeBytes)} · download
        </span>
      </a>
    ),
  );
}

const KIB = 1_024;

function toSize(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  if (bytes < KIB * KIB) return `${(bytes / KIB).toFixed(1)} KiB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}
