import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeRelease, revisionsOf } from '../../src/cilium/facts/helm-release.ts';
import { ObjectMeta } from '../../src/cilium/facts/kube-objects.ts';

const release = {
  name: 'cilium',
  version: 2,
  info: { status: 'deployed' },
  chart: { metadata: { name: 'cilium', version: '1.19.0-pre.4', appVersion: '1.19.0-pre.4' } },
};

function secretWith(bytes: Buffer) {
  return { data: { release: Buffer.from(bytes.toString('base64')).toString('base64') } };
}

describe('the record of a Helm release', () => {
  it('is unpacked from base64, base64 and gzip', () => {
    const decoded = decodeRelease(secretWith(gzipSync(JSON.stringify(release))));

    expect(decoded).toMatchObject({ ok: true, release: { chart: { metadata: { version: '1.19.0-pre.4' } } } });
  });

  it('is read without gzip too, as Helm does', () => {
    expect(decodeRelease(secretWith(Buffer.from(JSON.stringify(release)))).ok).toBe(true);
  });

  it.each([
    ['an empty Secret', {}],
    ['no base64 of anything', { data: { release: '!!!' } }],
    ['gzip of something else', secretWith(gzipSync('[]'))],
    ['half a gzip', secretWith(gzipSync(JSON.stringify(release)).subarray(0, 40))],
    ['far too much', { data: { release: 'A'.repeat(3 * 1024 * 1024) } }],
  ])('is refused when it is %s', (_, secret) => {
    expect(decodeRelease(secret).ok).toBe(false);
  });

  it('is refused when it would unpack to more than the limit', () => {
    expect(decodeRelease(secretWith(gzipSync(Buffer.alloc(40 * 1024 * 1024))))).toEqual({
      ok: false,
      why: 'the release Secret cannot be decoded',
    });
  });

  it('has its revisions told by labels, newest first by number and not by name', () => {
    const meta = (version: string) => ({
      metadata: ObjectMeta.parse({
        name: `sh.helm.release.v1.cilium.v${version}`,
        labels: { version, status: 'superseded' },
      }),
    });

    expect(revisionsOf([meta('9'), meta('10'), meta('x')]).map((each) => each.version)).toEqual([10, 9]);
  });
});
