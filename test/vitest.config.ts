import { defineConfig } from 'vitest/config';

/** Rooms whose tests keep nothing between files: their files can share one process, and so load the code once. */
const PURE = ['app', 'core', 'cilium', 'render'].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'effects', include: ['test/**/*.test.ts'], exclude: PURE } },
    ],
  },
});
