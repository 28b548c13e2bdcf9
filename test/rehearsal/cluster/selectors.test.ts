import { describe, expect, it } from 'vitest';
import { humanDuration } from '../../../src/rehearsal/cluster/cells.ts';
import { parseRequest } from '../../../src/rehearsal/cluster/request-info.ts';
import { parseLabelSelector } from '../../../src/rehearsal/cluster/selectors.ts';

const LABELS = { app: 'web', tier: 'front', size: '5' };

describe('label selectors', () => {
  it.each([
    { selector: '', want: true },
    { selector: 'app=web', want: true },
    { selector: 'app==web,tier!=back', want: true },
    { selector: 'app!=web', want: false },
    { selector: 'missing!=x', want: true },
    { selector: 'app in (web, api)', want: true },
    { selector: 'app notin (web,api)', want: false },
    { selector: 'missing notin (a)', want: true },
    { selector: 'tier', want: true },
    { selector: '!tier', want: false },
    { selector: '!missing,app=web', want: true },
    { selector: 'size>4,size<6', want: true },
    { selector: 'app=', want: false },
  ])('"$selector" -> $want', ({ selector, want }) => {
    expect(parseLabelSelector(selector)(LABELS)).toBe(want);
  });

  it.each(['a===', 'a in b', 'a in (b', '=b', 'a=b c=d'])('"%s" is refused', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(/unable to parse requirement/);
  });
});

describe('ages as kubectl shows them', () => {
  it.each([
    [45, '45s'],
    [119, '119s'],
    [125, '2m5s'],
    [600, '10m'],
    [3 * 3_600 + 20 * 60, '3h20m'],
    [28 * 3_600, '28h'],
    [5 * 86_400 + 3_600, '5d1h'],
    [10 * 86_400, '10d'],
    [800 * 86_400, '2y70d'],
  ])('%d s -> %s', (seconds, want) => {
    expect(humanDuration(seconds)).toBe(want);
  });
});

describe('request lines', () => {
  it.each([
    {
      method: 'GET',
      url: '/api/v1/namespaces/a',
      want: { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' },
    },
    {
      method: 'GET',
      url: '/api/v1/namespaces/a/pods',
      want: { verb: 'list', resource: 'pods', name: '', namespace: 'a' },
    },
    {
      method: 'GET',
      url: '/api/v1/namespaces/a/pods/b/log',
      want: { verb: 'get', resource: 'pods', subresource: 'log', name: 'b' },
    },
    {
      method: 'GET',
      url: '/apis/apps/v1/daemonsets?watch=true',
      want: { verb: 'watch', group: 'apps', resource: 'daemonsets' },
    },
    { method: 'GET', url: '/api/v1/pods?fieldSelector=metadata.name%3Dx', want: { verb: 'list', name: 'x' } },
    { method: 'DELETE', url: '/api/v1/namespaces/a/pods', want: { verb: 'deletecollection', name: '' } },
    {
      method: 'PUT',
      url: '/api/v1/namespaces/a/status',
      want: { verb: 'update', resource: 'namespaces', subresource: 'status' },
    },
    { method: 'GET', url: '/apis/apps/v1', want: { kind: 'path', path: '/apis/apps/v1' } },
    { method: 'GET', url: '/api/v1/pods/%zz', want: { verb: 'get', name: '%zz' } },
  ])('$method $url', ({ method, url, want }) => {
    expect(parseRequest(method, url)).toMatchObject(want);
  });
});
