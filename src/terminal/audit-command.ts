import { parseArgs } from 'node:util';
import { z } from 'zod';
import { auditTrail } from '../app/audit.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/clock.ts';
import { ClusterName, RunId } from '../core/ids.ts';
import type { Log, RunStore } from '../core/ports/ports.ts';
import { AuditLine } from '../core/run/audit.ts';
import { systemClock } from '../roles/system-clock.ts';
import { type Env, keepRunsMs } from '../settings/config.ts';
import { openState } from '../store/open-state.ts';

const USAGE = `cilium-chatops audit [--since 30d] [--cluster <name>] [--run <id>]   JSON lines on stdout, one per event
cilium-chatops audit schema                                          the JSON schema of a line`;

type Asked = { readonly since: Date; readonly cluster?: ClusterName; readonly run?: RunId };
type Io = {
  /** Resolves when the line was taken: nothing piles up before a slow reader. */
  readonly out: (line: string) => Promise<void>;
  readonly err: (text: string) => void;
};

/** Exit codes: 0 exported, 2 wrongly asked. @throws OpsError StoreUnavailable, BadConfig */
export async function auditCommand(
  words: readonly string[],
  env: Env,
  { log, ...io }: Io & { readonly log: Log },
): Promise<0 | 2> {
  if (words[0] === 'schema') {
    await io.out(JSON.stringify(z.toJSONSchema(AuditLine), null, 2));
    return 0;
  }
  const asked = parseAudit(words, systemClock.now());
  if ('problem' in asked) {
    io.err(`${asked.problem}\n\n${USAGE}`);
    return 2;
  }
  const store = await openState({ url: env.STATE_URL, dataDir: env.DATA_DIR, log });
  try {
    await exportAudit(asked, { ...io, runs: store.state.runs, now: systemClock.now(), keepMs: keepRunsMs(env) });
    return 0;
  } finally {
    await store.close();
  }
}

export function parseAudit(words: readonly string[], now: Date): Asked | { readonly problem: string } {
  try {
    const options = { since: { type: 'string' }, cluster: { type: 'string' }, run: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...words], options, strict: true });
    return {
      since: values.since === undefined ? new Date(0) : sinceOf(values.since, now),
      ...(values.cluster === undefined ? {} : { cluster: ClusterName.parse(values.cluster) }),
      ...(values.run === undefined ? {} : { run: RunId.parse(values.run.toLowerCase()) }),
    };
  } catch (thrown) {
    if (thrown instanceof z.ZodError) return { problem: thrown.issues[0]?.message ?? 'not understood' };
    return { problem: thrown instanceof Error ? thrown.message : 'not understood' };
  }
}

const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `30d`, `12h`, or a moment. */
function sinceOf(text: string, now: Date): Date {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : now.getTime() - Number(count) * (UNITS[unit] ?? DAY_MS);
  if (Number.isNaN(ms))
    throw new Error(`--since is a duration as 30d or 12h, or a moment as 2026-11-23T15:20:00Z: "${text.slice(0, 40)}"`);
  return new Date(ms);
}

type Export = Io & { readonly runs: RunStore; readonly now: Date; readonly keepMs: number };

/** What is kept, and for how long, is said beside the lines. */
export async function exportAudit(asked: Asked, { runs, now, keepMs, out, err }: Export): Promise<void> {
  let lines = 0;
  for await (const line of auditTrail(runs, asked)) {
    await out(JSON.stringify(line));
    lines += 1;
  }
  const oldest = new Date(now.getTime() - keepMs).toISOString().slice(0, 10);
  err(
    `${lines} ${lines === 1 ? 'event' : 'events'}. Runs are kept for ${Math.round(keepMs / DAY_MS)} days after their last event (KEEP_RUNS_DAYS): what ended before ${oldest} is not here, nor scheduled runs that found nothing new`,
  );
}
