import { revisionsOf } from '../../src/cilium/facts/helm-release.ts';
import { MetadataOnly, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { targetWords } from '../../src/cilium/switch/switch-work.ts';
import { SECRETS } from '../../src/core/resources.ts';
import { collect } from '../reading/reading.ts';
import { convergeHelm, describeRevision } from './converge-helm.ts';
import { patiently } from './patience.ts';
import { type Heading, readingOf, type Step, type Switching } from './switching.ts';

/** Brings Helm's record, and with it cilium-config, to the values of a heading. Agents notice nothing of it yet. */
export async function* upgradeStep(switching: Switching, heading: Heading): Step<undefined> {
  const { context, work, seen } = switching;
  const step = `${heading.prefix}upgrade`;
  const words = targetWords(heading.target);
  yield { type: 'step-started', step, title: heading.way === 'forward' ? `Helm: ${words}` : `Helm: back to ${words}` };
  if (Object.keys(heading.values).length === 0) {
    yield { type: 'step-ended', step, result: 'skipped', detail: 'the settings say so already: only agents restart' };
    return undefined;
  }
  const { touched } = seen;
  const isFirst = heading.way === 'forward' && !context.resumed && !touched;
  const what = heading.way === 'forward' ? words : `way back to ${words}`;
  const { revision, wrote } = await convergeHelm(context, {
    work,
    values: heading.values,
    description: describeRevision(context, what),
    mayBeOurs: context.resumed || touched,
    ...(isFirst ? { expected: work.release.revision } : {}),
    onWrite: () => {
      seen.touched = true;
    },
    onRefused: () => {
      seen.touched = touched;
    },
  });
  seen.revision = revision;
  seen.sinceMs = await writtenAt(switching, revision);
  const detail = `revision ${revision}${wrote ? '' : ', as an earlier attempt left it'}`;
  seen.proven.push(`Helm release ${work.release.name} ${detail}`);
  yield { type: 'step-ended', step, result: 'ok', detail };
  return undefined;
}

/** When a revision was recorded, by the clock of the API server: the same that dates pods. */
async function writtenAt({ context, work }: Switching, revision: number): Promise<number | undefined> {
  const { namespace, name } = work.release;
  const query = { namespace, labelSelector: `owner=helm,name=${name}`, as: 'metadata' } as const;
  const secrets = await patiently(context, () =>
    collect(readingOf(context), SECRETS, query, (page) => parseAll(MetadataOnly, page)),
  );
  const at = revisionsOf(secrets).find(({ version }) => version === revision)?.at;
  return at === undefined ? undefined : Date.parse(at);
}
