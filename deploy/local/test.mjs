#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensurePackages, ROOT, say } from './setup.mjs';

/**
 * `npm test`: installs what is missing, runs every test, and says at its end what this machine could not cover.
 * Further arguments go to vitest: `npm test -- test/core`.
 */
ensurePackages();
const { ensureTools } = await import('./tools.mjs');
const { dir, missing } = ensureTools(['kubectl', 'helm', 'helm3', 'local-slack']);
for (const line of missing) say(line);

const out = mkdtempSync(join(tmpdir(), 'cilium-chatops-test-'));
const report = join(out, 'report.json');
const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
const args = [
  'run',
  '--config',
  'test/vitest.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
];
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}${delimiter}${dir}` };
const done = spawnSync(process.execPath, [vitest, ...args, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
  env,
});
summarise();
rmSync(out, { recursive: true, force: true });
process.exit(done.status ?? 1);

function summarise() {
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = read();
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const skipped = testResults.flatMap((file) =>
    file.assertionResults.filter(({ status }) => status === 'skipped' || status === 'pending'),
  );
  const groups = new Map();
  for (const test of skipped) {
    const group = test.ancestorTitles[0] ?? test.title;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  for (const [group, count] of groups) console.log(`not covered here: ${group} (${count} skipped)`);
  console.log(`${numPassedTests} passed, ${numFailedTests + brokenFiles} failed`);
}

function read() {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { numFailedTests: 1 };
  }
}
