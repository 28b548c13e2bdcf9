import { z } from 'zod';
import { OpsError } from '../../src/core/errors.ts';
import type { ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import { LEASES } from '../../src/core/resources.ts';
import { fakeCluster } from './fake-cluster.ts';

const Stored = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string(), resourceVersion: z.string().optional() }),
});

/** A cluster in memory that keeps Leases and nothing else, with compare-and-set on resourceVersion. */
export function fakeLeases() {
  const leases: z.infer<typeof Stored>[] = [];
  let version = 0;
  const at = (name: string) => leases.findIndex((each) => each.metadata.name === name);
  const put = (index: number, object: z.infer<typeof Stored>): unknown => {
    version += 1;
    leases[index] = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    return structuredClone(leases[index]);
  };
  const write: ClusterWritePort = {
    create: async (_, object) => {
      const lease = Stored.parse(object);
      if (at(lease.metadata.name) >= 0) throw new OpsError('Conflict', `${lease.metadata.name} exists already`);
      return put(leases.length, lease);
    },
    replace: async (_, object) => {
      const lease = Stored.parse(object);
      const index = at(lease.metadata.name);
      if (leases[index]?.metadata.resourceVersion !== lease.metadata.resourceVersion)
        throw new OpsError('Conflict', `${lease.metadata.name} was changed meanwhile`);
      return put(index, lease);
    },
    mergePatch: async () => {
      throw new Error('Leases are replaced, not patched');
    },
    evict: async () => {
      throw new Error('Leases are no pods');
    },
    remove: async (_, { name }) => {
      if (at(name) >= 0) leases.splice(at(name), 1);
    },
  };
  return { port: fakeCluster({ objects: [[LEASES, leases]] }), write, close: async () => undefined };
}
