#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ensurePackages, ROOT } from './setup.mjs';

/** The command line of a clone: builds when there is no bundle yet, reads `.env` of the current folder, then runs. */
const bundle = `${ROOT}dist/main.mjs`;
if (!existsSync(bundle) || existsSync(`${ROOT}.git`)) {
  ensurePackages();
  await ensureBuilt();
}
if (existsSync('.env')) process.loadEnvFile('.env');
await import(pathToFileURL(bundle).href);
