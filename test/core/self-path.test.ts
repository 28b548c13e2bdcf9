import { describe, expect, it } from 'vitest';
import { selfPathOf } from '../../src/core/self-path.ts';

describe('how the worker reaches its store', () => {
  it.each([
    { when: 'a terminal', known: { inCluster: false }, want: { network: 'outside', store: 'none' } },
    {
      when: 'a pod with a Service as its store',
      known: {
        inCluster: true,
        podIp: '10.0.1.7',
        hostIp: '172.30.0.11',
        stateUrl: 'redis://:secret@redis.chatops.svc:6379/0',
      },
      want: { network: 'pod', store: 'in-cluster', storeHost: 'redis.chatops.svc:6379' },
    },
    {
      when: 'a Service of its own namespace',
      known: { inCluster: true, stateUrl: 'rediss://redis:6379' },
      want: { network: 'pod', store: 'in-cluster', storeHost: 'redis:6379' },
    },
    {
      when: 'host network, a named store',
      known: { inCluster: true, podIp: '172.30.0.11', hostIp: '172.30.0.11', stateUrl: 'redis://cache.example.com' },
      want: { network: 'host', store: 'named', storeHost: 'cache.example.com' },
    },
    {
      when: 'a pod with a store by its address',
      known: { inCluster: true, podIp: '10.0.1.7', hostIp: '172.30.0.11', stateUrl: 'redis://192.0.2.7:6379' },
      want: { network: 'pod', store: 'outside', storeHost: '192.0.2.7:6379' },
    },
    {
      when: 'a store in the same pod',
      known: { inCluster: true, podIp: '10.0.1.7', hostIp: '172.30.0.11', stateUrl: 'redis://127.0.0.1:6379' },
      want: { network: 'pod', store: 'none' },
    },
  ])('$when', ({ known, want }) => expect(selfPathOf(known)).toEqual(want));
});
