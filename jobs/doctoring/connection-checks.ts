import { median } from '../../src/core/benchmark/benchmark.ts';
import { DAY_MS } from '../../src/core/clock.ts';
import { type ConnectionSigns, checkOf, graded, medianWords } from '../../src/core/doctoring.ts';
import type { Check } from '../../src/core/run/check.ts';

const SLOW_MS = { warn: 500, fail: 5_000 };
const SKEW_S = { warn: 5, fail: 60 };
const CERTIFICATE_DAYS = { soon: 14, gone: 0 };

export function connectionChecks(signs: ConnectionSigns, version: string, now: Date): readonly Check[] {
  return [reachedCheck(signs, version), credentialsCheck(signs, now), ...clockChecks(signs)];
}

export const REACHED = {
  id: 'api-reached',
  title: 'API server',
  why: 'every job reads the cluster through it',
} as const;

function reachedCheck({ server, roundTripsMs }: ConnectionSigns, version: string): Check {
  const verdict = graded(median(roundTripsMs), SLOW_MS);
  return checkOf(REACHED.id, REACHED.title, {
    verdict,
    evidence: `${server}, Kubernetes ${version}, median of ${roundTripsMs.length}: ${medianWords(roundTripsMs)}`,
    why: REACHED.why,
    ...(verdict === 'pass' ? {} : { fix: 'bring the worker nearer to the API server, or look at its load' }),
  });
}

function credentialsCheck({ credentials, certificateEnds, user }: ConnectionSigns, now: Date): Check {
  const evidence = user === undefined ? credentials : `${user}, by ${credentials}`;
  const why = 'what this user may do is what anybody can do through the bot';
  const leftDays =
    certificateEnds === undefined ? Number.POSITIVE_INFINITY : (certificateEnds.getTime() - now.getTime()) / DAY_MS;
  if (leftDays > CERTIFICATE_DAYS.soon)
    return checkOf('api-credentials', 'Credentials', { verdict: 'pass', evidence, why });
  return checkOf('api-credentials', 'Credentials', {
    verdict: leftDays > CERTIFICATE_DAYS.gone ? 'warn' : 'fail',
    evidence,
    why,
    fix: 'issue a new client certificate, or use a service account whose token renews itself',
  });
}

function clockChecks({ clock }: ConnectionSigns): readonly Check[] {
  if (clock === undefined) return [];
  // The header counts whole seconds.
  const offS = Math.max(0, Math.abs(clock.ours.getTime() - clock.theirs.getTime()) / 1_000 - 1);
  const verdict = graded(offS, SKEW_S);
  return [
    checkOf('api-clock', 'Clock against the API server', {
      verdict,
      evidence: offS < 1 ? 'within a second' : `${Math.round(offS)} s apart`,
      why: 'the Lease of a change, ages and expiry of tokens are judged by both clocks',
      ...(verdict === 'pass'
        ? {}
        : { fix: 'synchronise the clock of the worker’s node (chrony or systemd-timesyncd)' }),
    }),
  ];
}
