import { describe, expect, it } from 'vitest';
import { kernelNeed, kernelsOf } from '../../src/cilium/facts/kernels.ts';
import { atLeast, parseVersion, versionOfImage, versionOfMessage } from '../../src/cilium/facts/versions.ts';

describe('versions', () => {
  it.each([
    ['quay.io/cilium/cilium:v1.13.4@sha256:0123', '1.13.4'],
    ['quay.io/cilium/cilium:v1.19.0-pre.4', '1.19.0-pre.4'],
    ['mirror.example:5000/net/cilium:1.15.1', '1.15.1'],
    ['mirror.example:5000/net/cilium@sha256:0123', undefined],
    ['mirror.example:5000/net/cilium', undefined],
    ['gke.gcr.io/cilium/cilium:v1.14.5-gke.20', '1.14.5-gke.20'],
    ['rancher/mirrored-cilium-cilium:latest', undefined],
    ['', undefined],
  ])('finds in image %s the version %s', (image, want) => {
    expect(versionOfImage(image)?.text).toBe(want);
  });

  it('takes the version that an agent says of itself', () => {
    expect(versionOfMessage('1.19.0-dev (v1.19.0-dev-507103c61fe2)')?.text).toBe('1.19.0-dev');
    expect(versionOfMessage('cannot connect')).toBeUndefined();
    expect(versionOfMessage(undefined)).toBeUndefined();
  });

  it.each([
    ['1.14.3', '1.14.3', true],
    ['1.14.2', '1.14.3', false],
    ['1.9.18', '1.13', false],
    ['1.19.0-pre.4', '1.19', true],
    ['2.0.0', '1.20', true],
  ])('knows whether %s reaches %s: %s', (version, minimum, want) => {
    const parsed = parseVersion(version);
    expect(parsed && atLeast(parsed, minimum)).toBe(want);
  });
});

describe('kernels of a cluster', () => {
  const node = (name: string, kernel: string) => ({ name, kernel, ready: 'yes' as const, kubelet: 'v1.33.0' });

  it('is as new as its oldest kernel, and names the node that holds it back', () => {
    const kernels = kernelsOf([node('a', '6.8.0-45-generic'), node('b', '5.4.0-200-generic'), node('c', '6.1.0')]);

    expect(kernelNeed(kernels, '5.10')).toEqual({ text: 'kernel ≥ 5.10 (5.4 on b)', met: 'no' });
    expect(kernelNeed(kernels, '6.6').text).toBe('kernel ≥ 6.6 (5.4 on b and 1 more)');
    expect(kernelNeed(kernels, '5.1').met).toBe('yes');
  });

  it('does not judge enterprise kernels by their number', () => {
    expect(kernelNeed(kernelsOf([node('a', '4.18.0-553.el8_10.x86_64')]), '5.10').met).toBe('unknown');
  });

  it('does not judge kernels it cannot read', () => {
    expect(kernelNeed(kernelsOf([node('a', '')]), '5.10').met).toBe('unknown');
  });
});
