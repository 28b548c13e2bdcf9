import { createTwoFilesPatch } from 'diff';
import { parseDocument } from 'yaml';
import { z } from 'zod';

/** What Helm renders: YAML documents, each with a `# Source:` line. */
const Identity = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});

export type ManifestObject = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** The document as rendered, without its separator. */
  readonly text: string;
  readonly object: unknown;
};

/**
 * The objects of a manifest, in order. Secrets are not among them, nor is anything that cannot be told from one: a
 * document that is not YAML, has no kind, or is a List.
 */
export function objectsOf(manifest: string): readonly ManifestObject[] {
  return documentsOf(manifest).flatMap(toObject);
}

function documentsOf(manifest: string): readonly string[] {
  return manifest
    .split(/^---(?:[ \t].*)?$/m)
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function toObject(text: string): readonly ManifestObject[] {
  // Some charts render a key twice (Cilium 1.14.0 to 1.16 `tunnel-protocol`); as in Helm, the last one counts.
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  if (document.errors.length > 0) return [];
  const object: unknown = document.toJS();
  const parsed = Identity.safeParse(object);
  if (!parsed.success || /^(Secret|.*List)$/i.test(parsed.data.kind)) return [];
  const { kind, metadata } = parsed.data;
  return [{ kind, name: metadata.name, namespace: metadata.namespace, text, object }];
}

/** The manifest with nothing but what `objectsOf` lets through. */
export function withoutSecrets(manifest: string): string {
  return objectsOf(manifest)
    .map(({ text }) => `---\n${text}\n`)
    .join('');
}

const ConfigMapData = z.object({
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]).transform(String)).default({}),
});

/** The data of a ConfigMap in a manifest; undefined when it is not there. */
export function configMapData(manifest: string, name: string): Readonly<Record<string, string>> | undefined {
  const found = documentsOf(manifest)
    // Parsing is what takes time.
    .filter((text) => text.includes(name))
    .flatMap(toObject)
    .find((each) => each.kind === 'ConfigMap' && each.name === name);
  return found === undefined ? undefined : ConfigMapData.parse(found.object).data;
}

const CONTEXT_LINES = 3;

/** Unified diff of two manifests, without Secrets; empty when they are the same. */
export function diffManifests(before: string, after: string): string {
  const [from, to] = [withoutSecrets(before), withoutSecrets(after)];
  if (from === to) return '';
  return createTwoFilesPatch('deployed', 'planned', from, to, undefined, undefined, { context: CONTEXT_LINES });
}
