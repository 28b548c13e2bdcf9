import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const WELL_KNOWN = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** `CHROMIUM`, else the first of the usual places; `undefined` where there is none and browser tests must be skipped. */
export function findChromium(): string | undefined {
  const wanted = process.env['CHROMIUM'];
  return [...(wanted ? [wanted] : []), ...WELL_KNOWN].find((path) => existsSync(path));
}

/** A headless Chromium that keeps to itself: no update checks, no background requests. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  // Containers give Chromium neither a GPU nor the namespaces of its sandbox.
  const contained = ['--no-sandbox', '--disable-gpu', '--disable-quic'];
  return chromium.launch({ executablePath, args: [...contained, ...quiet] });
}
