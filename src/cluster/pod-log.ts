import { OpsError } from '../core/errors.ts';
import type { ClusterPort } from '../core/ports/ports.ts';
import { PODS } from '../core/resources.ts';
import { askedFor, type From } from './asked.ts';
import type { Api } from './http.ts';
import { pathOf } from './resource-path.ts';

const MAX_LOG_BYTES = 1024 * 1024;

/** The last lines of a container's log, at most 1 MiB. @throws OpsError NotFound for the log of a removed container */
export async function readPodLog(
  deps: { readonly api: Api; readonly from: From },
  request: Parameters<ClusterPort['podLog']>[0],
  signal: AbortSignal,
): Promise<string> {
  const { namespace, pod, container } = request;
  const place = { namespace, name: pod, subresource: 'log' };
  const text = await deps.api.text(
    {
      method: 'GET',
      path: pathOf(PODS, place),
      query: [
        ['container', container],
        ['tailLines', String(request.tailLines)],
        ['limitBytes', String(MAX_LOG_BYTES)],
        ...(request.previous === true ? [['previous', 'true'] as const] : []),
      ],
      asked: askedFor(deps.from, 'get', PODS, place),
    },
    signal,
  );
  // The kubelet says this with HTTP 200 when the container is gone from the node.
  if (/^unable to retrieve container logs for \S+$/.test(text.trim()))
    throw new OpsError('NotFound', `the log of container ${container} in ${pod} is gone from the node`, {
      nextStep: 'look in the log store of the cluster, if there is one',
    });
  return text;
}
