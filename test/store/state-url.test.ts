import { describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { parseStateUrl } from '../../src/store/state-url.ts';

describe('parseStateUrl', () => {
  it.each([
    { url: 'redis://h', want: { host: 'h', port: 6379, db: 0, tls: false } },
    { url: ' redis://h:7000/3 ', want: { host: 'h', port: 7000, db: 3, tls: false } },
    {
      url: 'rediss://u:p%40ss@h/1',
      want: { host: 'h', port: 6379, username: 'u', password: 'p@ss', db: 1, tls: true },
    },
    { url: 'redis://[::1]:1', want: { host: '::1', port: 1, db: 0, tls: false } },
    { url: 'redis+unix:///run/a%20b.sock?db=2', want: { path: '/run/a b.sock', db: 2, tls: false } },
    { url: 'redis+unix://:pw@localhost/run/r.sock', want: { path: '/run/r.sock', password: 'pw', db: 0 } },
    { url: 'redis:///run/r.sock', want: { path: '/run/r.sock', db: 0, tls: false } },
  ])('understands $url', ({ url, want }) => {
    expect(parseStateUrl(url)).toMatchObject({ kind: 'redis', redis: want });
  });

  it('leaves a Postgres address to its driver', () => {
    expect(parseStateUrl('postgresql://u:s3cret@h/db?sslmode=require')).toEqual({
      kind: 'postgres',
      url: 'postgresql://u:s3cret@h/db?sslmode=require',
      shown: 'postgresql://u:***@h/db',
    });
  });

  it.each([
    'redis://:s3cret@h',
    'rediss://u:s3cret@h:1/2',
    'redis+unix://:s3cret@localhost/run/r.sock',
    'postgres://u@h/db?password=s3cret',
  ])('shows %s without its password', (url) => {
    expect(parseStateUrl(url).shown).not.toContain('s3cret');
  });

  it.each([
    { url: 's3cret', why: 'is not an address' },
    { url: 'mysql://u:s3cret@h', why: 'mysql://' },
    { url: 'redis://u:s3cret@h/x', why: 'a database that is not a number' },
    { url: 'redis://u:s3cret%zz@h/', why: 'hexadecimal' },
    { url: 'redis+unix://', why: 'no socket' },
  ])('refuses $url with the reason and no secret', ({ url, why }) => {
    const thrown = caught(() => parseStateUrl(url));

    expect(thrown).toMatchObject({ code: 'BadConfig', message: expect.stringContaining(why) });
    expect(`${thrown.message} ${thrown.nextStep}`).not.toContain('s3cret');
  });
});

function caught(work: () => unknown): OpsError {
  try {
    work();
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError) return thrown;
  }
  throw new Error('expected an OpsError');
}
