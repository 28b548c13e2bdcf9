import { describe, expect, it } from 'vitest';
import { quietError } from '../../src/core/quiet-error.ts';

describe('quietError', () => {
  it('keeps what says what happened, and nothing of the command', () => {
    const thrown = Object.assign(new Error("WRONGTYPE wrong kind of value script: 1\nlocal x = 's3cret'"), {
      name: 'ReplyError',
      code: 'WRONGTYPE',
      command: { name: 'evalsha', args: ['s3cret'] },
      detail: 'Key (run)=(s3cret)',
    });

    const quiet = quietError(thrown);

    expect(quiet).toMatchObject({
      name: 'ReplyError',
      code: 'WRONGTYPE',
      message: 'WRONGTYPE wrong kind of value script: 1',
    });
    expect(quiet).not.toHaveProperty('command');
    expect(`${quiet.stack} ${JSON.stringify(quiet)}`).not.toContain('s3cret');
    expect(quiet.stack).toContain('quiet-error.test.ts');
  });

  it('makes an error of what is none, and cuts what is long', () => {
    expect(quietError('x'.repeat(1_000)).message).toHaveLength(300);
  });
});
