import type { ChangeLease, ClusterWritePort, HelmPort } from './ports/change-ports.ts';

type Proof = Pick<ChangeLease, 'prove'>;

/** Writes that first prove that the change's Lease is still ours. @throws OpsError Superseded before anything is written */
export function guardWrites(write: ClusterWritePort, lease: Proof): ClusterWritePort {
  return {
    create: async (resource, object, signal) => {
      await lease.prove(signal);
      return write.create(resource, object, signal);
    },
    replace: async (resource, object, signal) => {
      await lease.prove(signal);
      return write.replace(resource, object, signal);
    },
    mergePatch: async (resource, ref, patch, signal) => {
      await lease.prove(signal);
      return write.mergePatch(resource, ref, patch, signal);
    },
    remove: async (resource, ref, options, signal) => {
      await lease.prove(signal);
      return write.remove(resource, ref, options, signal);
    },
    evict: async (ref, uid, signal) => {
      await lease.prove(signal);
      return write.evict(ref, uid, signal);
    },
  };
}

/** The same for Helm: reading and rendering need no Lease. */
export function guardHelm(helm: HelmPort, lease: Proof): HelmPort {
  return {
    ...helm,
    upgrade: async (upgrade, signal) => {
      await lease.prove(signal);
      return helm.upgrade(upgrade, signal);
    },
    settlePending: async (ref, signal) => {
      await lease.prove(signal);
      return helm.settlePending(ref, signal);
    },
  };
}
