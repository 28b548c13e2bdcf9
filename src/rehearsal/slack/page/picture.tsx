import { child, type Fields, str } from './fields.ts';
import { useWorkspace } from './workspace-context.tsx';

/**
 * An image object: `image_url`, or a `slack_file` looked up among the files this workspace serves. An address on
 * another host is not loaded: a rehearsal makes no request to the outside.
 */
export function Picture({ image, className }: { readonly image: Fields; readonly className: string }) {
  const { snapshot } = useWorkspace();
  const file = child(image, 'slack_file');
  const known = snapshot.messages.flatMap(({ files }) => files);
  const match = known.find(({ id, url }) => id === str(file, 'id') || sameAddress(url, str(file, 'url')));
  const address = match?.url ?? str(image, 'image_url');
  const alt = str(image, 'alt_text');
  if (!isLocal(address)) return <span className="picture-elsewhere">{alt || 'picture'} (not loaded)</span>;
  return <img className={className} src={address} alt={alt} />;
}

function sameAddress(served: string, asked: string): boolean {
  return asked !== '' && asked.endsWith(served.replace(/^https?:\/\/[^/]+/, ''));
}

function isLocal(address: string): boolean {
  if (address === '') return false;
  if (address.startsWith('data:image/')) return true;
  return (
    URL.canParse(address, window.location.href) && new URL(address, window.location.href).host === window.location.host
  );
}
