import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RIGHTS } from '../../jobs/doctoring/rights.ts';
import { questionsOf } from '../../jobs/doctoring/rights-checks.ts';
import { jobs } from '../../jobs/registry.ts';
import { type Asked, covers, type NamedRule, readRights, rightText } from '../deploy/rights.ts';

/** The rules call the longer commands by their first word. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  'enable-native-routing': ['enable'],
  'restart-unmanaged': ['restart'],
  // The way back writes what the way there has written before: what is there for the first time only is named there.
  rollback: ['enable', 'rollback'],
};
const PLACES = { cilium: 'kube-system', probes: 'cilium-chatops-probes' };
const PREPARED = /^rbac-(?!.*server-side).*\.yaml$/;

const rules: readonly NamedRule[] = readdirSync('deploy/kubernetes/base')
  .filter((file) => PREPARED.test(file))
  .flatMap((file) => readRights(file).rules);

function askedBy(job: string): readonly Asked[] {
  return (RIGHTS[job] ?? []).flatMap((right) =>
    questionsOf(right, PLACES).map(({ verb, resource, subresource, namespace, name }) => ({
      user: 'worker',
      allowed: true,
      verb,
      group: resource.group,
      resource: resource.plural,
      ...(subresource === undefined ? {} : { subresource }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    })),
  );
}

function rightsFor(job: string): NamedRule['rights'] {
  return rules
    .filter(({ jobs: named }) => (SHORT[job] ?? [job]).some((name) => named.includes(name)))
    .flatMap((rule) => rule.rights);
}

describe('the table of rights', () => {
  it('knows every job', () => {
    expect(Object.keys(RIGHTS).sort()).toEqual(jobs.map(({ name }) => name).sort());
  });

  it.each(Object.keys(RIGHTS))('%s asks for nothing that deploy/kubernetes does not grant it', (job) => {
    const granted = rightsFor(job);

    const missing = askedBy(job).filter((asked) => !granted.some((right) => covers(right, asked)));
    expect(
      missing.map(({ verb, resource, subresource, namespace, name }) =>
        [verb, resource, subresource, namespace, name].join(' '),
      ),
    ).toEqual([]);
  });

  it.each(Object.keys(RIGHTS))('%s is granted nothing that doctor does not ask about', (job) => {
    const asked = askedBy(job);

    const unasked = rightsFor(job).filter((right) => !asked.some((each) => covers(right, each)));
    expect(unasked.map(rightText)).toEqual([]);
  });
});
