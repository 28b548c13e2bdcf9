import { checkOf } from '../core/doctoring.ts';
import type { ChannelId, GroupId } from '../core/ids.ts';
import type { ChatopsConfig } from '../core/policy/chatops-config.ts';
import type { People, Policy, Rule } from '../core/policy/policy.ts';
import type { Check } from '../core/run/check.ts';
import { WHERE_SCOPES } from './doctor-scopes.ts';
import type { SlackSigns } from './doctor-signs.ts';

const MOST = 20;

/** Which channels and groups chatops.yaml names: at most 20 of each are asked for. */
export function namedIn({ clusters, policy, schedules }: ChatopsConfig): {
  readonly channels: readonly ChannelId[];
  readonly groups: readonly GroupId[];
} {
  const channels = [
    ...[...clusters, ...policy.rules].flatMap((each) => each.channels ?? []),
    ...schedules.map(({ channel }) => channel),
  ];
  const groups = policy.rules.flatMap((rule) => peopleOf(rule).flatMap((people) => people.groups));
  return { channels: [...new Set(channels)].slice(0, MOST), groups: [...new Set(groups)].slice(0, MOST) };
}

function peopleOf({ request, approve, breakGlass }: Rule): readonly People[] {
  return [approve, ...(request === 'anyone' ? [] : [request]), ...(breakGlass === undefined ? [] : [breakGlass])];
}

/** Whether each group is there, and whether each rule can ever be satisfied. */
export function policyChecks(policy: Policy, groups: SlackSigns['groups']): readonly Check[] {
  if (policy.rules.length === 0)
    return [
      checkOf('policy-rules', 'Rules', {
        verdict: 'warn',
        evidence: 'chatops.yaml has no rule: nobody may change anything from Slack',
        why: 'what no rule allows is refused; reading is open to everybody',
        fix: 'add policy.rules to chatops.yaml, or leave it so for a bot that only looks',
      }),
    ];
  return [
    ...[...groups].map(([group, answer]) => groupCheck(group, answer)),
    ...policy.rules.flatMap((rule, at) => ruleCheck(rule, at, groups)),
  ];
}

function groupCheck(
  group: GroupId,
  answer: SlackSigns['groups'] extends ReadonlyMap<GroupId, infer Each> ? Each : never,
): Check {
  const id = `policy-group-${group.toLowerCase()}`;
  const why = 'nobody of a group that cannot be read may ask or approve';
  if (answer.ok && answer.said.length > 0)
    return checkOf(id, `Group ${group}`, { verdict: 'pass', evidence: `${answer.said.length} members`, why });
  if (answer.ok)
    return checkOf(id, `Group ${group}`, {
      verdict: 'fail',
      evidence: 'it has no members',
      why,
      fix: 'Slack > People > User groups: add members, or name another group in chatops.yaml',
    });
  const isMissing = answer.error === 'no_such_subteam';
  const scope = `${WHERE_SCOPES}: add usergroups:read, then reinstall the app`;
  const gone = `correct ${group} in chatops.yaml: Slack > People > User groups > … > Copy group ID`;
  const refused = answer.error === 'missing_scope' ? scope : 'look again in a minute';
  return checkOf(id, `Group ${group}`, {
    verdict: isMissing || answer.error === 'missing_scope' ? 'fail' : 'unknown',
    evidence: isMissing ? 'Slack knows no such group' : `Slack said ${answer.error ?? 'nothing'}`,
    why,
    fix: isMissing ? gone : refused,
  });
}

function ruleCheck(rule: Rule, at: number, groups: SlackSigns['groups']): readonly Check[] {
  if (rule.approvals === 0) return [];
  const [id, title] = [`policy-rule-${at + 1}`, `Rule ${at + 1} can be satisfied`];
  const why = 'a change waits for distinct people; who asked does not count unless the rule says so';
  const unread = rule.approve.groups.filter((group) => groups.get(group)?.ok !== true);
  const known = rule.approve.groups.flatMap((group) => {
    const answer = groups.get(group);
    return answer?.ok === true ? answer.said : [];
  });
  const people = new Set<string>([...rule.approve.users, ...known]);
  const evidence = `needs ${rule.approvals}, ${people.size} may approve`;
  if (people.size >= rule.approvals + (rule.selfApproval ? 0 : 1))
    return [checkOf(id, title, { verdict: 'pass', evidence, why })];
  const fix = `add approvers to rule ${at + 1} of chatops.yaml, or lower approvals`;
  const first = `mend what keeps ${unread.join(', ')} from being read, then look again`;
  if (unread.length > 0)
    return [
      checkOf(id, title, {
        verdict: 'unknown',
        evidence: `${evidence}; not read: ${unread.join(', ')}`,
        why,
        fix: first,
      }),
    ];
  if (people.size < rule.approvals) return [checkOf(id, title, { verdict: 'fail', evidence, why, fix })];
  // Enough, unless one of them is the one who asks.
  if (!mayAsk(rule, people, groups)) return [checkOf(id, title, { verdict: 'pass', evidence, why })];
  return [
    checkOf(id, title, {
      verdict: 'warn',
      evidence: `${evidence}: when one of them asks, the others are too few`,
      why,
      fix: `${fix}, or set selfApproval: true`,
    }),
  ];
}

function mayAsk({ request }: Rule, approvers: ReadonlySet<string>, groups: SlackSigns['groups']): boolean {
  if (request === 'anyone') return true;
  const inGroups = request.groups.flatMap((group) => {
    const answer = groups.get(group);
    return answer?.ok === true ? answer.said : [];
  });
  return [...request.users, ...inGroups].some((user) => approvers.has(user));
}
