import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PAGE_DIR = fileURLToPath(new URL('../../src/rehearsal/slack/page/', import.meta.url));

/**
 * Bundles the rehearsal Slack's page into `outDir`: index.html, app.js, app.css, and chunks that app.js loads by
 * relative address when it needs them. Safe to repeat; takes well under a second. Nothing in it comes from another
 * host, so the page works without a network.
 *
 * @param {string} outDir
 */
export async function buildPage(outDir) {
  await mkdir(outDir, { recursive: true });
  await Promise.all([
    copyFile(join(PAGE_DIR, 'index.html'), join(outDir, 'index.html')),
    build({
      entryPoints: [
        { in: join(PAGE_DIR, 'main.tsx'), out: 'app' },
        { in: join(PAGE_DIR, 'styles/app.css'), out: 'app' },
      ],
      outdir: outDir,
      bundle: true,
      splitting: true,
      chunkNames: '[name]-[hash]',
      format: 'esm',
      target: 'es2023',
      jsx: 'automatic',
      minify: true,
      sourcemap: true,
      legalComments: 'none',
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'warning',
    }),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outDir = process.argv[2] ?? 'dist/page';
  await buildPage(outDir);
  console.log(`built the rehearsal page into ${outDir}`);
}
