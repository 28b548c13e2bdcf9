import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import type { Told } from './api-error-table.ts';
import type { Asked } from './asked.ts';

const UNTRUSTED =
  'the certificate of {server} is not signed by the CA of the context; set the right `certificate-authority-data`';

/** Codes of Node and OpenSSL for certificates, with what is wrong and what to do. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'a certificate of {server} has expired; renew it',
  CERT_NOT_YET_VALID: 'a certificate of {server} is not valid yet; check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of {server} is for another name; use that name or `tls-server-name`',
};

/** Codes of sockets and of undici. Those in `TRANSIENT` are worth another try. */
const SOCKETS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at {server}; check the address and that the API server runs',
  ENOTFOUND: 'the name of {server} cannot be resolved; check the address and DNS',
  EAI_AGAIN: 'DNS did not answer for {server}; check the resolver of the worker',
  ECONNRESET: 'the connection to {server} broke; check the API server and any load balancer before it',
  EPIPE: 'the connection to {server} broke; check the API server and any load balancer before it',
  UND_ERR_SOCKET: 'the connection to {server} broke; check the API server and any load balancer before it',
  ERR_STREAM_PREMATURE_CLOSE: 'the answer of {server} broke off; check the API server and any proxy before it',
  UND_ERR_ABORTED: 'the answer of {server} broke off; check the API server and any proxy before it',
  Z_BUF_ERROR: 'the answer of {server} broke off; check the API server and any proxy before it',
  ETIMEDOUT: '{server} cannot be reached; check routes and firewalls from the worker',
  EHOSTUNREACH: '{server} cannot be reached; check routes and firewalls from the worker',
  ENETUNREACH: '{server} cannot be reached; check routes and firewalls from the worker',
  UND_ERR_CONNECT_TIMEOUT: '{server} cannot be reached; check routes and firewalls from the worker',
};

const TRANSIENT = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_ABORTED',
  'Z_BUF_ERROR',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

const Coded = z.object({ code: z.string() });
const Wrapped = z.object({ cause: z.unknown() });
const Several = z.object({ errors: z.array(z.unknown()) });

/** The system's code of an error, looked for in its causes too (Node tries several addresses and wraps the failures). */
function codeOf(thrown: unknown, depth = 0): string | undefined {
  if (depth > 4) return;
  const several = Several.safeParse(thrown);
  const inner = several.success ? several.data.errors[0] : Wrapped.safeParse(thrown).data?.cause;
  return (inner === undefined ? undefined : codeOf(inner, depth + 1)) ?? Coded.safeParse(thrown).data?.code;
}

export function isTransient(thrown: unknown): boolean {
  return TRANSIENT.has(codeOf(thrown) ?? '');
}

/** The words for a failure below HTTP. */
export function networkFailure(thrown: unknown, asked: Asked): Told {
  const code = codeOf(thrown) ?? '';
  const certificate = CERTIFICATES[code];
  if (certificate !== undefined) return inWords('BadConfig', certificate, asked);
  const socket = SOCKETS[code];
  if (socket !== undefined) return inWords('ClusterUnreachable', socket, asked);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return inWords(
      'ClusterTimeout',
      '{server} stopped in the middle of an answer; check the load of the API server',
      asked,
    );
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return inWords(
      'BadConfig',
      'TLS with {server} failed; check that it is an https port and the client certificate',
      asked,
    );
  return inWords(
    'ClusterUnreachable',
    `talking to {server} failed${code === '' ? '' : ` (${code})`}; see the log of the worker`,
    asked,
  );
}

function inWords(code: Told[0], words: string, { cluster, server }: Asked): Told {
  const [what = '', nextStep = ''] = words.replace('{server}', server).split('; ', 2);
  return [code, `cluster ${cluster}: ${what}`, nextStep];
}

const Plugin = z.object({ command: z.string() });

/**
 * Getting the credentials failed. What a plugin printed may hold secrets, so it goes to the log only.
 * @param plugin the `exec` section of the kubeconfig's user, where there is one
 */
export function fromLoginFailure(thrown: unknown, plugin: unknown): OpsError {
  const command = Plugin.safeParse(plugin).data?.command;
  if (command === undefined)
    return new OpsError(
      'Unauthenticated',
      `the credentials of the cluster cannot be read (${codeOf(thrown) ?? 'see log'})`,
      {
        nextStep: 'check the certificate and token files that the kubeconfig names',
        cause: thrown,
      },
    );
  const missing = codeOf(thrown) === 'ENOENT';
  return new OpsError(
    'Unauthenticated',
    missing ? `the credential plugin ${command} is not installed` : `the credential plugin ${command} failed`,
    {
      nextStep: missing
        ? `install ${command} where the worker runs, or use a service account token`
        : `run ${command} where the worker runs, as its user, and log in again; its output is in the log`,
      cause: thrown,
    },
  );
}
