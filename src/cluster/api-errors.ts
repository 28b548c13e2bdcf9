import { OpsError } from '../core/errors.ts';
import { type Facts, TABLE, type Told } from './api-error-table.ts';
import { ApiFailure } from './api-status.ts';
import { type Asked, singular } from './asked.ts';
import { DeadlineExceeded } from './deadline.ts';
import { networkFailure } from './network-errors.ts';

/** Container runtimes and admission webhooks can be long-winded. */
const MAX_MESSAGE = 400;

/** Any failure of a call to the API server, in the words of a person who has to act on it. */
export function toClusterError(thrown: unknown, asked: Asked): OpsError {
  if (thrown instanceof OpsError) return thrown;
  if (thrown instanceof ApiFailure) return fromFailure(thrown, asked);
  if (thrown instanceof DeadlineExceeded) return told(tooLate(thrown, asked), thrown);
  return told(networkFailure(thrown, asked), thrown);
}

function tooLate({ afterMs }: DeadlineExceeded, { cluster, server, what, command }: Asked): Told {
  const seconds = `${afterMs / 1_000} s`;
  if (command === undefined)
    return [
      'ClusterTimeout',
      `cluster ${cluster} did not answer about ${what} within ${seconds}`,
      `check ${server} and the way to it`,
    ];
  return [
    'ClusterTimeout',
    `${command} in ${what} did not end within ${seconds}`,
    'check the node it runs on: a frozen kubelet never answers',
  ];
}

function fromFailure(failure: ApiFailure, asked: Asked): OpsError {
  const details = failure.status?.details;
  const facts: Facts = {
    http: failure.httpStatus,
    reason: failure.status?.reason ?? '',
    said: quote(failure.status?.message ?? failure.text),
    causes: details?.causes ?? [],
    isStatus: failure.status !== undefined,
    location: failure.location ?? 'elsewhere',
    named: details?.name === undefined ? undefined : `${singular(details.kind ?? '')} ${details.name}`,
  };
  const row = TABLE.find((each) => each.when(facts, asked));
  const words: Told = row?.say(facts, asked) ?? [
    'UnexpectedAnswer',
    `the API server of ${asked.cluster} answered ${facts.http} about ${asked.what}: ${facts.said}`,
    'check that the address is a Kubernetes API server',
  ];
  return told(words, failure, failure.retryAfterMs);
}

/** Proxies answer with whole pages: those are for the log only. Trailing blanks stay, as in `forbidden: `. */
function quote(text: string): string {
  return text.trimStart().startsWith('<') ? '' : text.replace(/[\r\n]+$/, '').replace(/[\r\n]+/g, ' ');
}

function told([code, message, nextStep]: Told, cause: unknown, retryAfterMs?: number): OpsError {
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return new OpsError(code, short, { nextStep, cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
