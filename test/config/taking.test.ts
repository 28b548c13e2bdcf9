import { describe, expect, it } from 'vitest';
import { ClusterName } from '../../src/core/ids.ts';
import { createTaking } from '../../src/roles/taking.ts';
import { createTestLog } from '../support/test-log.ts';

const named = (...names: string[]): ClusterName[] => names.map((name) => ClusterName.parse(name));

describe('the clusters a worker takes work for', () => {
  it('are taken when they come, released when they go, and left alone otherwise', async () => {
    const seen: string[] = [];
    const taking = createTaking(createTestLog(), async (name) => {
      seen.push(`take ${name}`);
      return { release: async () => void seen.push(`release ${name}`) };
    });

    await taking(named('prod'));
    await taking(named('prod', 'dev'));
    await taking(named('dev'));
    await taking(named('dev', 'prod'));

    expect(seen).toEqual(['take prod', 'take dev', 'release prod', 'take prod']);
  });

  it('do not wait for a change that is under way on one that is gone', async () => {
    const never = new Promise<void>(() => undefined);
    const taking = createTaking(createTestLog(), async () => ({ release: () => never }));
    await taking(named('prod'));

    await expect(taking(named('dev'))).resolves.toBeUndefined();
  });

  it('are the new ones all the same when an old one cannot be released', async () => {
    const log = createTestLog();
    const seen: string[] = [];
    const taking = createTaking(log, async (name) => {
      seen.push(name);
      return { release: () => Promise.reject(new Error('away')) };
    });
    await taking(named('prod'));

    await taking(named('dev'));

    expect(seen).toEqual(['prod', 'dev']);
    await expect.poll(() => log.lines.map(({ message }) => message)).toEqual(['lane not released']);
  });
});
