import { listed } from '../../src/cilium/facts/text.ts';
import { checkOf } from '../../src/core/doctoring.ts';
import type { AccessQuestion, ClusterPort } from '../../src/core/ports/ports.ts';
import { NAMESPACES, type Resource } from '../../src/core/resources.ts';
import type { Check, Verdict } from '../../src/core/run/check.ts';
import { RIGHTS, type Right, type Scope } from './rights.ts';

export type Places = { readonly cilium: string; readonly probes: string };

export type RightsCase = {
  readonly cluster: Pick<ClusterPort, 'mayI'>;
  readonly places: Places;
  /** As the API server knows us, for `kubectl auth can-i --as`. */
  readonly user: string | undefined;
  /** Whether anybody may ask for it: what nobody may do needs no rights. */
  readonly permits: (job: string) => boolean;
  readonly signal: AbortSignal;
};

type Asked = AccessQuestion & { readonly key: string };

/** One access review per verb that any job needs, each asked once; one check per job. @throws OpsError of the cluster */
export async function rightsChecks({ cluster, places, user, permits, signal }: RightsCase): Promise<readonly Check[]> {
  const questions = new Map(
    Object.values(RIGHTS).flatMap((rights) =>
      rights.flatMap((right) => questionsOf(right, places).map((each) => [each.key, each] as const)),
    ),
  );
  const asked = [...questions.values()];
  const answers = await cluster.mayI(asked, signal);
  const denied = new Set(asked.flatMap(({ key }, at) => (answers[at] === true ? [] : [key])));
  const jobs = Object.entries(RIGHTS).map(([job, rights]) => ({
    job,
    total: rights.reduce((sum, { verbs }) => sum + verbs.length, 0),
    lacking: lackingOf(rights, denied, places),
  }));
  return alike(jobs).map((each) => jobCheck(each, { user, permits }));
}

/** What to ask the API server about one right. */
export function questionsOf(right: Right, places: Places): readonly Asked[] {
  const { verbs, resource, subresource } = right;
  const namespace = namespaceOf(right.scope, places);
  return verbs.flatMap((verb) =>
    namesOf(right, places).map((name) => ({
      key: [verb, resource.group, resource.plural, subresource, namespace, name].join('|'),
      verb,
      resource,
      ...(subresource === undefined ? {} : { subresource }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    })),
  );
}

function namesOf({ resource, scope, names }: Right, places: Places): readonly (string | undefined)[] {
  return resource === NAMESPACES ? [namespaceOf(scope, places)] : (names ?? [undefined]);
}

function namespaceOf(scope: Scope, places: Places): string | undefined {
  if (scope === 'cluster') return undefined;
  return scope === 'cilium' || scope === 'probes' ? places[scope] : scope;
}

type Lack = {
  readonly right: Right;
  readonly verbs: readonly string[];
  readonly namespace: string | undefined;
  readonly names: readonly string[];
};

function lackingOf(rights: readonly Right[], denied: ReadonlySet<string>, places: Places): readonly Lack[] {
  const lacking = rights.flatMap((right): readonly Lack[] => {
    const refused = questionsOf(right, places).filter(({ key }) => denied.has(key));
    if (refused.length === 0) return [];
    const verbs = [...new Set(refused.map(({ verb }) => verb))];
    const names = [...new Set(refused.flatMap(({ name }) => name ?? []))];
    return [{ right, verbs, names, namespace: namespaceOf(right.scope, places) }];
  });
  // A job may want the same for two reasons; the reason that stops it counts.
  const byWords = new Map(lacking.toSorted(optionalFirst).map((lack) => [lackWords(lack), lack] as const));
  return [...byWords.values()];
}

function optionalFirst(left: Lack, right: Lack): number {
  return Number(left.right.without === undefined) - Number(right.right.without === undefined);
}

type JobCase = { readonly job: string; readonly total: number; readonly lacking: readonly Lack[] };
type JobsCase = { readonly jobs: readonly JobCase[]; readonly lacking: readonly Lack[] };

/** Jobs that lack just the same are told as one. */
function alike(jobs: readonly JobCase[]): readonly JobsCase[] {
  const groups = new Map<string, JobsCase>();
  for (const job of jobs) {
    const { lacking } = job;
    const key = lacking.length === 0 ? job.job : [verdictOf(lacking), ...lacking.map(lackWords)].join('|');
    const known = groups.get(key)?.jobs ?? [];
    groups.set(key, { jobs: [...known, job], lacking });
  }
  return [...groups.values()];
}

function jobCheck({ jobs, lacking }: JobsCase, { user, permits }: Pick<RightsCase, 'user' | 'permits'>): Check {
  const names = jobs.map(({ job }) => job.replaceAll('-', ' ')).join(', ');
  const id = `rights-${jobs[0]?.job ?? ''}`;
  const title = `Rights of ${names}`;
  const why = 'one access review per verb that the job uses';
  const [first] = lacking;
  if (first === undefined) return checkOf(id, title, { verdict: 'pass', evidence: `all ${jobs[0]?.total ?? 0}`, why });
  if (!jobs.some(({ job }) => permits(job)))
    return checkOf(id, title, {
      verdict: 'pass',
      evidence: `not all of them, and not needed: no rule allows ${names} here`,
      why,
    });
  return checkOf(id, title, {
    verdict: verdictOf(lacking),
    evidence: `missing: ${listed(lacking.map(lackWords), 8)}`,
    why: lostWords(lacking) ?? `without it ${names} cannot be done`,
    fix: fixOf(first, lacking, user),
  });
}

function verdictOf(lacking: readonly Lack[]): Verdict {
  return lacking.every(({ right }) => right.without !== undefined) ? 'warn' : 'fail';
}

function lostWords(lacking: readonly Lack[]): string | undefined {
  const lost = [...new Set(lacking.flatMap(({ right }) => right.without ?? []))];
  return lacking.some(({ right }) => right.without === undefined) || lost.length === 0
    ? undefined
    : `it goes on without: ${lost.join('; ')}`;
}

function lackWords({ right, verbs, namespace, names }: Lack): string {
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  const only = names.length === 0 ? '' : ` ${names.join(', ')}`;
  return `${verbs.join('+')} ${fullName(right.resource, right.subresource)}${only}${where}`;
}

function fullName({ plural, group }: Resource, subresource: string | undefined): string {
  const name = group === '' ? plural : `${plural}.${group}`;
  return subresource === undefined ? name : `${name}/${subresource}`;
}

/** The first line to see it with one's own eyes, then the rules to add, as far as they fit. */
function fixOf({ right, verbs, namespace, names }: Lack, lacking: readonly Lack[], user: string | undefined): string {
  const { resource, subresource } = right;
  const about = subresource === undefined ? '' : ` --subresource=${subresource}`;
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  const plain = `${fullName(resource, undefined)}${names[0] === undefined ? '' : `/${names[0]}`}`;
  const as = user === undefined ? '' : ` --as ${user}`;
  const see = `kubectl auth can-i ${verbs[0]} ${plain}${about}${where}${as}`;
  const rules = rulesOf(lacking);
  const room = 380 - see.length;
  const shown = rules.filter((_, at) => rules.slice(0, at + 1).join('; ').length < room);
  return [see, ...shown].join('; ');
}

/** As they are written in a ClusterRole or Role: what has the same place, group and verbs is one rule. */
function rulesOf(lacking: readonly Lack[]): readonly string[] {
  const resources = new Map<string, string[]>();
  for (const { right, verbs, namespace, names } of lacking) {
    const { resource, subresource } = right;
    const role = namespace === undefined ? 'ClusterRole' : `Role in ${namespace}`;
    const only = names.length === 0 ? '' : `resourceNames: [${names.join(', ')}], `;
    const key = `${role}: {apiGroups: ["${resource.group}"], verbs: [${verbs.join(', ')}], ${only}resources: `;
    const name = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
    resources.set(key, [...(resources.get(key) ?? []), name]);
  }
  return [...resources].map(([key, names]) => `${key}[${names.join(', ')}]}`);
}
