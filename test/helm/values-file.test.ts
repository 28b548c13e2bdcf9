import { describe, expect, it } from 'vitest';
import { changedBesides, valuesWith } from '../../src/helm/values-file.ts';

describe('the values of an upgrade', () => {
  it.each([
    ['are the old ones', { a: 1, b: { c: [1] } }, {}, { a: 1, b: { c: [1] } }],
    [
      'have what is set',
      { a: 1, b: { c: 2 } },
      { x: 'y', 'b.d.e': 5, a: true },
      { a: true, b: { c: 2, d: { e: 5 } }, x: 'y' },
    ],
    [
      'lack what is taken away',
      { a: 1, b: { c: 2, d: 3 } },
      { 'b.c': null, x: null, 'x.y': null },
      { a: 1, b: { d: 3 } },
    ],
    ['lack what gets empty', { a: 1, b: { c: { d: 3 } } }, { 'b.c.d': null }, { a: 1 }],
    ['keep the nulls of the user', { a: null }, { b: 1 }, { a: null, b: 1 }],
    ['keep a value where only one below it would go', { a: 1 }, { 'a.b': null }, { a: 1 }],
  ])('%s', (_situation, config, set, want) => {
    expect(valuesWith(config, set)).toEqual(want);
  });

  it('leave the old ones as they are', () => {
    const config = { b: { c: 2 } };

    valuesWith(config, { 'b.c': null, 'b.d': 1 });

    expect(config).toEqual({ b: { c: 2 } });
  });

  it.each(['__proto__.polluted', 'a..b', 'a[0]', '', 'a=b', '--set'])('take no path like "%s"', (path) => {
    expect(() => valuesWith({}, { [path]: 1 })).toThrow('not the path of a Helm value');
  });

  it('take no path through a value', () => {
    expect(() => valuesWith({ a: 1 }, { 'a.b': 2 })).toThrow('has others below');
  });

  it('leave inherited names alone', () => {
    expect(JSON.stringify(valuesWith({}, { 'constructor.x': 1 }))).toBe('{"constructor":{"x":1}}');
  });
});

describe('values that changed besides', () => {
  it.each([
    ['nothing', { a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } }, []],
    ['what was set', { a: 1 }, { a: 1, x: { y: 9 } }, []],
    ['a value lost', { a: 1, b: { c: 2 } }, { a: 1, x: { y: 9 } }, ['b.c']],
    ['a value gained', { a: 1 }, { a: 1, b: [1] }, ['b']],
    ['a list changed', { a: [1, 2] }, { a: [2, 1] }, ['a']],
    ['a null that was none', { a: null }, {}, []],
  ])('are none but: %s', (_situation, before, after, want) => {
    expect(changedBesides(before, after, { 'x.y': 9 })).toEqual(want);
  });
});
