import { MINUTE_MS } from '../../core/clock.ts';
import { type CheckGroup, checkOf } from '../../core/doctoring.ts';
import type { Check } from '../../core/run/check.ts';
import type { Presence } from './doctor-presence.ts';

/** A bot looks every five minutes; later than this its words are history. */
const OLD_MS = 12 * MINUTE_MS;

/**
 * What the bots said about Slack, the newest word first. Every bot has the same token, so one speaks for all; where
 * the others see a failure that it does not see (a socket of their own), they are named.
 */
export function botGroups(processes: readonly Presence[], now: Date): readonly CheckGroup[] {
  const told = processes
    .flatMap(({ process, slack }) => (slack === undefined ? [] : [{ process, ...slack }]))
    .toSorted((left, right) => right.at.localeCompare(left.at));
  const [newest, ...others] = told;
  if (newest === undefined) return [{ title: 'Slack', checks: [noWord('no bot has left word')] }];
  const oldMs = now.getTime() - Date.parse(newest.at);
  if (oldMs > OLD_MS)
    return [{ title: 'Slack', checks: [noWord(`no bot has left word for ${Math.round(oldMs / MINUTE_MS)} min`)] }];
  return newest.groups.map(({ title, checks }) => ({
    title,
    checks: [...checks, ...others.flatMap((other) => failures(other, { title, checks }))].slice(0, 80),
  }));
}

function failures(
  { process, groups }: { readonly process: string; readonly groups: readonly CheckGroup[] },
  { title, checks }: CheckGroup,
): readonly Check[] {
  const own = groups.find((group) => group.title === title)?.checks ?? [];
  return own
    .filter(
      ({ id, verdict }) => verdict === 'fail' && checks.every((each) => each.id !== id || each.verdict !== 'fail'),
    )
    .map((check) => ({ ...check, title: `${check.title} of ${process}`.slice(0, 100) }));
}

function noWord(evidence: string): Check {
  return checkOf('slack-word', 'What the bots say', {
    verdict: 'unknown',
    evidence,
    why: 'only a bot has the token, so only a bot can look',
    fix: 'start a bot (ROLE=bot), or run `npx cilium-chatops doctor` where its settings are',
  });
}

/** Which configuration each process works with: a file that is not usable any more is not taken over. */
export function configChecks(processes: readonly Presence[]): readonly Check[] {
  return processes.map(({ process, role, config }, at) => {
    const { file, loadedAt, error } = config;
    const id = `config-${at + 1}`;
    const title = `${role} ${process}`;
    const why = 'a version that is not usable changes nothing: the one before stays in use';
    const inUse = `${file ?? 'no CHATOPS_CONFIG: one cluster, no rule'}, in use since ${loadedAt}`;
    if (error === undefined) return checkOf(id, title, { verdict: 'pass', evidence: inUse, why });
    return checkOf(id, title, {
      verdict: 'fail',
      evidence: `refused at ${error.at}: ${error.message}`,
      why,
      fix: `mend ${file ?? 'the file'} (npx cilium-chatops config check); what is in use was loaded at ${loadedAt}`,
    });
  });
}
