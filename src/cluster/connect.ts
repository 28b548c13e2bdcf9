import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { ConnectionSigns } from '../core/doctoring.ts';
import type { ClusterName } from '../core/ids.ts';
import { type Meter, NO_METER } from '../core/meter.ts';
import type { ClusterWritePort } from '../core/ports/change-ports.ts';
import type { ClusterPort, Log } from '../core/ports/ports.ts';
import { reviewAccess } from './access.ts';
import { askedFor, askedForPath } from './asked.ts';
import { openConnection } from './connection.ts';
import { readConnectionSigns } from './connection-signs.ts';
import { withDeadline } from './deadline.ts';
import { execute } from './exec.ts';
import { exportKubeconfig } from './export-kubeconfig.ts';
import { createApi, LIMITS, type Limits } from './http.ts';
import type { Source } from './kubeconfig.ts';
import { dropManagedFields, listPages } from './list.ts';
import { readPodLog } from './pod-log.ts';
import { pathOf } from './resource-path.ts';
import { createWrites } from './writes.ts';

export type ClusterOptions = Source & {
  readonly name: ClusterName;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  readonly meter?: Meter;
};

export type OpenCluster = {
  readonly port: ClusterPort;
  /** Unguarded: a job gets it through `guardWrites`. */
  readonly write: ClusterWritePort;
  /** A kubeconfig of this cluster alone, with credentials as of now, for helm. Secret. @throws OpsError Unauthenticated */
  readonly kubeconfig: (signal: AbortSignal) => Promise<string>;
  /** How the API server is reached, and as whom. @throws OpsError */
  readonly signs: (signal: AbortSignal) => Promise<ConnectionSigns>;
  readonly close: () => Promise<void>;
};

const AnyObject = z.looseObject({});
const Version = z.object({ gitVersion: z.string() });

/**
 * Opens a cluster. Sends nothing yet: an unreachable cluster shows at the first call.
 * Every call rejects with an OpsError, or with the reason of its signal when that aborted.
 * @throws OpsError BadConfig when the kubeconfig, the context or the pod's account is not usable
 */
export async function openCluster(options: ClusterOptions): Promise<OpenCluster> {
  const { name, clock, log, meter = NO_METER } = options;
  const connection = openConnection(options);
  const from = { cluster: name, server: connection.server.host };
  const limits = { ...LIMITS, ...options.limits };
  const api = createApi({ connection, clock, log, limits, meter });
  const port: ClusterPort = {
    name,
    version: async (signal) => {
      const asked = askedForPath(from, '/version');
      return (await api.json({ method: 'GET', path: '/version', asked }, Version, signal)).gitVersion;
    },
    get: async (resource, ref, signal) => {
      const asked = askedFor(from, 'get', resource, ref);
      const object = await api.json({ method: 'GET', path: pathOf(resource, ref), asked }, AnyObject, signal);
      dropManagedFields(object);
      return object;
    },
    list: (resource, query, signal) => listPages(api, { from, resource, query }, signal),
    exec: (request, signal) => execute({ connection, from, meter }, request, signal),
    podLog: (request, signal) => readPodLog({ api, from }, request, signal),
    mayI: (questions, signal) => reviewAccess({ api, from }, questions, signal),
  };
  return {
    port,
    write: createWrites({ api, from }),
    kubeconfig: async (signal) =>
      exportKubeconfig(connection, await withDeadline(limits.headersMs, signal, () => connection.pass())),
    signs: (signal) => readConnectionSigns(connection, options, signal),
    close: () => connection.close(),
  };
}
