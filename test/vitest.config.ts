import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These wait for processes, clusters and helm for most of their time: begun last, each would hold up the end. */
const LONGEST = [
  'crash',
  'e2e',
  'jobs/change',
  'helm',
  'rehearsal/cluster/helm',
  'jobs/',
  'queue',
  'store',
  'rehearsal/',
];

/** Longest first also on a machine that has no durations of an earlier run. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((start) => moduleId.includes(`/test/${start}`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((left, right) => place(left) - place(right));
  }
}

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    pool: 'forks',
    // More than the gate's two cores: they wait more than they compute.
    maxWorkers: 3,
    // Files share their processes, and so load the code once per process: no test may leave anything behind in its own.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
  },
});
