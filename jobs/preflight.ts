import { z } from 'zod';
import { listed } from '../src/cilium/facts/text.ts';
import type { PreflightFacts } from '../src/cilium/preflight/facts.ts';
import { type Preflight, preflightOf, QUESTIONS } from '../src/cilium/preflight/preflight.ts';
import { preflightReport } from '../src/cilium/preflight/preflight-report.ts';
import { SECOND_MS } from '../src/core/clock.ts';
import { OpsError } from '../src/core/errors.ts';
import { nearest } from '../src/core/grammar/nearest.ts';
import { joinWords } from '../src/core/grammar/words.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob, type JobResult } from '../src/core/job.ts';
import { accept, blocks, type Check } from '../src/core/run/check.ts';
import type { Outcome } from '../src/core/run/outcome.ts';
import type { Report } from '../src/core/run/report.ts';
import { readPreflightFacts } from './reading/preflight-facts.ts';
import { DAEMON_SETS_PART } from './reading/status-data.ts';
import { withProgress } from './reading/with-progress.ts';
import { withinBudget } from './reading/within-budget.ts';
import { SUGGESTIBLE_COMMANDS } from './suggestible.ts';

const Args = z
  .object({
    cluster: ClusterName.optional(),
    routes: z.enum(['auto', 'external'], 'is auto or external').optional(),
    cidr: z.string().max(50).optional(),
    accept: z.array(z.string().max(40)).max(60).optional(),
    reason: z.string().max(400).optional(),
  })
  .refine((args) => args.accept === undefined || (args.reason ?? '').trim() !== '', {
    path: ['reason'],
    message: 'accepting a check needs a reason: --reason "…"',
  });
type Args = z.infer<typeof Args>;

/** When this is up the checks judge what was read by then. The rest of the deadline is for writing it down. */
const READING_BUDGET_MS = 40 * SECOND_MS;

export const preflight = defineJob({
  name: 'preflight',
  words: [['preflight', 'native-routing'], ['preflight', 'native', 'routing'], ['preflight']],
  summary: 'Can this cluster leave the tunnel for native routing? Every check with what was seen, why, and the fix',
  usage: '[cluster] [--routes auto|external] [--cidr A.B.C.D/n] [--accept <check>,… --reason …]',
  examples: ['preflight native-routing prod', 'preflight prod --routes external', 'preflight prod --cidr 10.0.0.0/16'],
  risk: 'read',
  deadlineMs: 60 * SECOND_MS,
  positionals: ['cluster'],
  flags: {
    routes: {
      type: 'string',
      help: 'who installs the routes: auto (the agents) or external (a router, BGP, the cloud)',
    },
    cidr: { type: 'string', help: 'the native routing CIDR, where it should not be the computed one' },
    accept: { type: 'list', help: 'checks whose warning or unknown answer you take on yourself' },
    reason: { type: 'string', help: 'why; stands beside what was accepted' },
  },
  Args,
  async *run(args, context) {
    const wanted = { routes: args.routes, cidr: args.cidr };
    const facts = yield* withProgress((tell) =>
      withinBudget(context, READING_BUDGET_MS, (signal) => readPreflightFacts({ context, wanted, signal, tell })),
    );
    return resultOf(args, facts);
  },
});

function resultOf(args: Args, facts: PreflightFacts): JobResult {
  const judged = preflightOf(facts);
  const checks = accepted(args, judged.checks);
  const report = preflightReport({
    facts,
    preflight: judged,
    checks,
    change: changeLine(args, facts),
    again: joinWords(['preflight', 'native-routing', facts.status.cluster, ...flagsOf(args)]),
  });
  return { outcome: outcomeOf(facts, checks, report), data: published({ facts, judged, checks }) };
}

/** @throws OpsError InvalidArgs for names of checks that do not exist, or may not be accepted */
function accepted(args: Args, checks: readonly Check[]): readonly Check[] {
  if (args.accept === undefined) return checks;
  const ids = QUESTIONS.map((question) => question.id);
  const wrong = args.accept.find((id) => !ids.includes(id));
  if (wrong !== undefined) {
    const near = nearest(wrong, ids);
    const hint = near === undefined ? `checks are named like ${listed(ids)}` : `did you mean ${near}`;
    throw new OpsError('InvalidArgs', `there is no check "${wrong}"`, { nextStep: hint });
  }
  // A check that passes by now needs no acceptance, and one that fails cannot have it: its verdict says so.
  return accept(checks, args.accept, args.reason ?? '').checks;
}

function changeLine(args: Args, { status }: PreflightFacts): string | undefined {
  if (!SUGGESTIBLE_COMMANDS.includes('enable native-routing')) return undefined;
  return joinWords(['enable', 'native-routing', status.cluster, ...flagsOf(args)]);
}

function flagsOf({ routes, cidr, accept: ids, reason }: Args): readonly string[] {
  return [
    ...(routes === undefined ? [] : ['--routes', routes]),
    ...(cidr === undefined ? [] : ['--cidr', cidr]),
    ...(ids === undefined ? [] : ['--accept', ids.join(','), '--reason', reason ?? '']),
  ];
}

function outcomeOf({ status }: PreflightFacts, checks: readonly Check[], report: Report): Outcome {
  if (status.cilium === 'absent')
    return {
      type: 'failed',
      code: 'CiliumAbsent',
      message: `there is no DaemonSet with the label k8s-app=cilium on ${status.cluster}`,
      nextStep: 'install Cilium, or check that this is the cluster you mean',
      report,
    };
  const unreadable = status.missing.find((each) => each.part === DAEMON_SETS_PART);
  if (status.cilium === 'unknown')
    return {
      type: 'failed',
      code: unreadable?.code ?? 'UnexpectedAnswer',
      message: `Cilium could not be looked up: ${unreadable?.why ?? 'no answer'}`,
      nextStep: 'check the bot’s rights and the way to the API server, then ask again',
      report,
    };
  const blocking = checks.filter(blocks).map((check) => check.id);
  if (blocking.length === 0) return { type: 'succeeded', report };
  return {
    type: 'failed',
    code: 'PreflightFailed',
    message: `native routing is not possible on ${status.cluster} yet: ${listed(blocking, 6)}`,
    nextStep: 'each check says what to do; what is unknown may be accepted with --accept and a reason',
    report,
  };
}

function published({
  facts,
  judged,
  checks,
}: {
  readonly facts: PreflightFacts;
  readonly judged: Preflight;
  readonly checks: readonly Check[];
}) {
  const { cidr, routes } = judged;
  return {
    schemaVersion: 1,
    cluster: facts.status.cluster,
    asOf: facts.status.asOf,
    possible: !checks.some(blocks),
    ...(cidr.ok ? { nativeRoutingCidr: { cidr: cidr.cidr, source: cidr.source } } : {}),
    routes,
    checks,
    missing: facts.status.missing,
  };
}
