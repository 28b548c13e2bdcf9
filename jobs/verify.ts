import { z } from 'zod';
import type { Missing } from '../src/cilium/facts/status-data.ts';
import { listed } from '../src/cilium/facts/text.ts';
import { lossesOf } from '../src/cilium/probe/probe-loss.ts';
import { verify as judge } from '../src/cilium/verification/verification.ts';
import {
  type Expectation,
  expectationOf,
  type VerificationFacts,
} from '../src/cilium/verification/verification-facts.ts';
import { isProvenByReading, verificationReport } from '../src/cilium/verification/verification-report.ts';
import { MINUTE_MS } from '../src/core/clock.ts';
import { OpsError } from '../src/core/errors.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob, type JobContext, type JobResult } from '../src/core/job.ts';
import type { Check } from '../src/core/run/check.ts';
import type { Outcome } from '../src/core/run/outcome.ts';
import type { Report } from '../src/core/run/report.ts';
import { probePairs } from './probing/probe-pairs.ts';
import { part, type Reading } from './reading/reading.ts';
import { countStale } from './reading/stale-pods.ts';
import { readVerificationFacts, surveyAgents } from './reading/verification-facts.ts';
import { type Tell, withProgress } from './reading/with-progress.ts';
import { withinBudget } from './reading/within-budget.ts';

const Args = z.object({ cluster: ClusterName.optional() });

/** When this is up the checks judge what was read by then. Probe pods may still be on their way. */
const READING_BUDGET_MS = MINUTE_MS;

/**
 * A `read` command although it makes pods: they are its own, change nothing that is there, and are removed. Where the
 * worker may not make any, everything else is verified and the report says that traffic was not probed.
 */
export const verify = defineJob({
  name: 'verify',
  words: [['verify']],
  summary: 'Does every node really route as configured: modes, devices, routes, MTU, and a probe between every pair',
  usage: '[cluster]',
  examples: ['verify', 'verify prod'],
  risk: 'read',
  deadlineMs: 4 * MINUTE_MS,
  positionals: ['cluster'],
  flags: {},
  Args,
  async *run(_args, context) {
    const missing: Missing[] = [];
    const facts = yield* withProgress((tell) => readAll(context, missing, tell));
    return resultOf(facts, missing);
  },
});

/** @throws OpsError CiliumAbsent, and as reads do when not even the DaemonSets can be listed */
async function readAll(context: JobContext, missing: Missing[], tell: Tell): Promise<VerificationFacts> {
  return withinBudget(context, READING_BUDGET_MS, async (signal) => {
    const reading: Reading = {
      cluster: context.cluster,
      log: context.log,
      cancel: context.signal,
      signal,
      now: context.clock.now,
      miss: (each) => void missing.push(each),
    };
    tell({ type: 'step-started', step: 'objects', title: 'Read the cluster' });
    const survey = await surveyAgents(reading);
    if (survey === undefined) throw absent(context.cluster.name);
    tell({ type: 'step-ended', step: 'objects', result: missing.length === 0 ? 'ok' : 'warn' });
    const ready = survey.agents.filter((agent) => agent.ready).map((agent) => agent.node);
    tell({ type: 'step-started', step: 'probes', title: 'Probe between the nodes' });
    const probing = probePairs(context, ready).then((found) => {
      tell({ type: 'step-ended', step: 'probes', result: found.state === 'probed' ? 'ok' : 'warn' });
      return found;
    });
    const reads = readVerificationFacts(reading, survey, tell);
    const { config, daemonSet } = survey;
    const mtu = config && part(reading, 'route MTU of running pods', () => countStale(reading, daemonSet, config));
    // A run must not end before its pods are removed, whatever became of the reading.
    await Promise.allSettled([reads, probing, mtu]);
    const [facts, probes, staleMtu] = await Promise.all([reads, probing, mtu]);
    return { ...facts, probes, ...(staleMtu === undefined ? {} : { staleMtu }) };
  });
}

function absent(cluster: string): OpsError {
  return new OpsError('CiliumAbsent', `there is no DaemonSet with the label k8s-app=cilium on ${cluster}`, {
    nextStep: 'install Cilium, or check that this is the cluster you mean',
  });
}

/** @throws OpsError UnexpectedAnswer when nobody can say what is expected */
function resultOf(facts: VerificationFacts, missing: readonly Missing[]): JobResult {
  const expected = facts.config === undefined ? undefined : expectationOf(facts.config);
  if (expected === undefined) {
    const why = facts.config === undefined ? 'cilium-config could not be read' : 'cilium-config names no routing mode';
    throw new OpsError('UnexpectedAnswer', `nobody can say what to verify: ${why}`, {
      nextStep: 'check the bot’s rights, and routing-mode in cilium-config',
    });
  }
  const checks = judge(facts, expected);
  const next = [{ label: 'Verify again', command: `verify ${facts.cluster}` }];
  const report = verificationReport({ facts, expected, checks, missing, next });
  return { outcome: outcomeOf(facts, checks, report), data: published(facts, expected, checks) };
}

function outcomeOf(facts: VerificationFacts, checks: readonly Check[], report: Report): Outcome {
  const ids = (verdict: Check['verdict']) => checks.filter((check) => check.verdict === verdict).map(({ id }) => id);
  const failed = ids('fail');
  if (failed.length > 0)
    return {
      type: 'failed',
      code: 'VerificationFailed',
      message: `${facts.cluster} does not route as configured: ${listed(failed, 6)}`,
      nextStep: 'each check says what to look at',
      report,
    };
  const open = ids('unknown');
  if (open.length === 0 || isProvenByReading(checks, facts)) return { type: 'succeeded', report };
  return {
    type: 'unknown',
    since: facts.asOf,
    lastProven: listed(ids('pass'), 8),
    why: `no answer to ${listed(open, 8)}`,
    report,
  };
}

function published(facts: VerificationFacts, expected: Expectation, checks: readonly Check[]) {
  const { probes } = facts;
  return {
    schemaVersion: 1,
    cluster: facts.cluster,
    asOf: facts.asOf,
    expected,
    checks,
    ...(facts.staleMtu === undefined ? {} : { staleMtu: facts.staleMtu }),
    ...(probes.state === 'probed'
      ? { pairs: lossesOf(probes.pairs, probes.sinceMs), pairsInAll: probes.of }
      : { notProbed: probes.why }),
  };
}
