import { describe, expect, it } from 'vitest';
import { jsonPatch, mergePatch, PatchError, strategicMergePatch } from '../../../src/rehearsal/cluster/patch.ts';

describe('patches', () => {
  it('merge: null removes, lists are replaced', () => {
    expect(mergePatch({ a: 1, b: { c: 2, d: 3 }, e: [1, 2] }, { a: null, b: { c: 4 }, e: [3] })).toEqual({
      b: { c: 4, d: 3 },
      e: [3],
    });
  });

  it('json: add, replace, remove, test', () => {
    const document = { list: ['a'], map: { 'x/y': 1 }, gone: true };

    jsonPatch(document, [
      { op: 'test', path: '/list/0', value: 'a' },
      { op: 'add', path: '/list/-', value: 'b' },
      { op: 'replace', path: '/map/x~1y', value: 2 },
      { op: 'remove', path: '/gone' },
    ]);

    expect(document).toEqual({ list: ['a', 'b'], map: { 'x/y': 2 } });
  });

  it.each([
    { when: 'a test fails', operation: { op: 'test', path: '/a', value: 2 } },
    { when: 'what is replaced does not exist', operation: { op: 'replace', path: '/b', value: 2 } },
    { when: 'the operation is unknown', operation: { op: 'shake', path: '/a' } },
  ])('json: refused when $when', ({ operation }) => {
    expect(() => jsonPatch({ a: 1 }, [operation])).toThrow(PatchError);
  });

  it('strategic: containers merge by name, $patch deletes', () => {
    const target = {
      spec: {
        containers: [
          { name: 'a', image: '1' },
          { name: 'b', image: '1' },
        ],
        args: ['x'],
      },
    };
    const patch = {
      spec: { containers: [{ name: 'a', image: '2' }, { name: 'b', $patch: 'delete' }, { name: 'c' }], args: ['y'] },
    };

    expect(strategicMergePatch(target, patch)).toEqual({
      spec: { containers: [{ name: 'a', image: '2' }, { name: 'c' }], args: ['y'] },
    });
  });
});
