import { listed } from '../../src/cilium/text.ts';
import type { Check, Verdict } from '../../src/core/check.ts';
import { checkOf } from '../../src/core/doctoring.ts';
import type { AccessQuestion, ClusterPort } from '../../src/core/ports.ts';
import type { Resource } from '../../src/core/resources.ts';
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
  return Object.entries(RIGHTS).map(([job, rights]) => jobCheck({ job, rights, denied, places, user, permits }));
}

function questionsOf({ verbs, resource, subresource, scope }: Right, places: Places): readonly Asked[] {
  const namespace = namespaceOf(scope, places);
  return verbs.map((verb) => ({
    key: [verb, resource.group, resource.plural, subresource, namespace].join('|'),
    verb,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  }));
}

function namespaceOf(scope: Scope, places: Places): string | undefined {
  if (scope === 'cluster') return undefined;
  return scope === 'cilium' || scope === 'probes' ? places[scope] : scope;
}

type JobCase = {
  readonly job: string;
  readonly rights: readonly Right[];
  readonly denied: ReadonlySet<string>;
} & Pick<RightsCase, 'places' | 'user' | 'permits'>;

type Lack = { readonly right: Right; readonly verbs: readonly string[]; readonly namespace: string | undefined };

function jobCheck({ job, rights, denied, places, user, permits }: JobCase): Check {
  const id = `rights-${job}`;
  const title = `Rights of ${job.replaceAll('-', ' ')}`;
  const why = 'one access review per verb that the job uses';
  const total = rights.reduce((sum, { verbs }) => sum + verbs.length, 0);
  const lacking = rights.flatMap((right): readonly Lack[] => {
    const verbs = questionsOf(right, places).flatMap(({ key, verb }) => (denied.has(key) ? [verb] : []));
    return verbs.length === 0 ? [] : [{ right, verbs, namespace: namespaceOf(right.scope, places) }];
  });
  if (lacking.length === 0) return checkOf(id, title, { verdict: 'pass', evidence: `all ${total}`, why });
  const [first] = lacking;
  if (!permits(job))
    return checkOf(id, title, {
      verdict: 'pass',
      evidence: `not all, and not needed: no rule allows ${job.replaceAll('-', ' ')} here`,
      why,
    });
  return checkOf(id, title, {
    verdict: verdictOf(lacking),
    evidence: `missing: ${listed(lacking.map(lackWords), 8)}`,
    why: lostWords(lacking) ?? why,
    fix: first === undefined ? '' : fixOf(first, lacking, user),
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

function lackWords({ right, verbs, namespace }: Lack): string {
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `${verbs.join('+')} ${fullName(right.resource, right.subresource)}${where}`;
}

function fullName({ plural, group }: Resource, subresource: string | undefined): string {
  const name = group === '' ? plural : `${plural}.${group}`;
  return subresource === undefined ? name : `${name}/${subresource}`;
}

/** The first line to see it with one's own eyes, then the rules to add, as far as they fit. */
function fixOf({ right, verbs, namespace }: Lack, lacking: readonly Lack[], user: string | undefined): string {
  const { resource, subresource } = right;
  const about = subresource === undefined ? '' : ` --subresource=${subresource}`;
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  const plain = fullName(resource, undefined);
  const as = user === undefined ? '' : ` --as ${user}`;
  const see = `kubectl auth can-i ${verbs[0]} ${plain}${about}${where}${as}`;
  const rules = lacking.map(
    (lack) => `${lack.namespace === undefined ? 'ClusterRole' : `Role in ${lack.namespace}`}: ${ruleOf(lack)}`,
  );
  const room = 380 - see.length;
  const shown = rules.filter((_, at) => rules.slice(0, at + 1).join('; ').length < room);
  return [see, ...shown].join('; ');
}

function ruleOf({ right: { resource, subresource }, verbs }: Lack): string {
  const name = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
  return `{apiGroups: ["${resource.group}"], resources: [${name}], verbs: [${verbs.join(', ')}]}`;
}
