import { z } from 'zod';
import type { DaemonSet } from '../../src/cilium/facts/kube-objects.ts';
import { releaseOf } from '../../src/cilium/facts/ownership.ts';
import { atLeast, type Version, versionOfImage } from '../../src/cilium/facts/versions.ts';
import { KEPT_STATE, parseKeptState } from '../../src/cilium/switch/way-back.ts';
import { checkOf, checkOfError } from '../../src/core/doctoring.ts';
import { OpsError } from '../../src/core/errors.ts';
import { CONFIG_MAPS, NAMESPACES } from '../../src/core/resources.ts';
import type { Check } from '../../src/core/run/check.ts';
import { readDaemonSet } from '../reading/installation.ts';
import type { Reading } from '../reading/reading.ts';
import { readRelease } from '../reading/release.ts';

/** What the fields of agents and charts are known for; recorded with 1.19, read up for the others. */
const OLDEST = '1.12';
const FIRST_UNKNOWN = '1.21';

export type Found = { readonly checks: readonly Check[]; readonly daemonSet: DaemonSet | undefined };

/** Cilium, its Helm release, and what a switch of ours has left behind. Each part fails by itself. */
export async function ciliumChecks(reading: Reading): Promise<Found> {
  const named = { id: 'cilium-found', title: 'Cilium', why: 'everything else is about this DaemonSet' };
  let daemonSet: DaemonSet | undefined;
  try {
    daemonSet = await readDaemonSet(reading);
  } catch (thrown) {
    reading.cancel.throwIfAborted();
    return { checks: [checkOfError({ ...named, verdict: 'fail' }, thrown)], daemonSet };
  }
  if (daemonSet === undefined) {
    const fix = 'install Cilium, or check that this is the cluster you mean';
    const evidence = 'no DaemonSet with the label k8s-app=cilium';
    return { checks: [checkOf(named.id, named.title, { verdict: 'fail', evidence, why: named.why, fix })], daemonSet };
  }
  const { namespace } = daemonSet.metadata;
  const [release, wayBack] = await Promise.all([releaseCheck(reading, daemonSet), wayBackCheck(reading, namespace)]);
  return { checks: [versionCheck(daemonSet), release, wayBack], daemonSet };
}

function versionCheck({ metadata, spec, status }: DaemonSet): Check {
  const image = spec.template.spec.containers.find(({ name }) => name === 'cilium-agent')?.image ?? '';
  const version = versionOfImage(image);
  const agents = `${status.numberReady}/${status.desiredNumberScheduled} agents ready`;
  const evidence = `${version?.text ?? 'version unknown'} in ${metadata.namespace}, ${agents}`;
  const why = `fields of agents and charts are known from ${OLDEST} to 1.20`;
  if (version !== undefined && isKnown(version))
    return checkOf('cilium-found', 'Cilium', { verdict: 'pass', evidence, why });
  const fix = 'read what /cilium status says with care: what it does not know it leaves out';
  return checkOf('cilium-found', 'Cilium', { verdict: 'warn', evidence, why, fix });
}

function isKnown(version: Version): boolean {
  return atLeast(version, OLDEST) && !atLeast(version, FIRST_UNKNOWN);
}

async function releaseCheck(reading: Reading, daemonSet: DaemonSet): Promise<Check> {
  const [id, title] = ['cilium-release', 'Helm release'];
  const why = 'changes are made with the deployed chart and its values';
  const named = releaseOf(daemonSet);
  if (named === undefined)
    return checkOf(id, title, {
      verdict: 'warn',
      evidence: 'the DaemonSet names no Helm release',
      why,
      fix: 'reading works; changes are made by whoever owns Cilium here (see /cilium status)',
    });
  const { note, revision, status, chart } = (await readRelease(reading, named)) ?? {};
  const evidence = [`${named.namespace}/${named.name}`, chart, revision && `revision ${revision}`, status, note];
  const say = (verdict: Check['verdict'], fix = ''): Check =>
    checkOf(id, title, { verdict, evidence: evidence.filter(Boolean).join(', '), why, fix });
  if (note !== undefined)
    return say(
      'warn',
      `kubectl auth can-i list secrets -n ${named.namespace}; Role in ${named.namespace}: {apiGroups: [""], resources: [secrets], verbs: [get, list]}`,
    );
  if (status === 'deployed') return say('pass');
  return say('warn', `helm history ${named.name} -n ${named.namespace}; a pending revision keeps changes waiting`);
}

async function wayBackCheck({ cluster, signal, cancel }: Reading, namespace: string): Promise<Check> {
  const [id, title] = ['cilium-way-back', 'Way back'];
  const why = `what rollback goes back by is kept in ConfigMap ${KEPT_STATE}`;
  try {
    const raw = await cluster.get(CONFIG_MAPS, { namespace, name: KEPT_STATE }, signal);
    const kept = parseKeptState(Data.parse(raw).data);
    if (kept === undefined)
      return checkOf(id, title, {
        verdict: 'warn',
        evidence: 'there, but not readable: edited by hand, or by another version of this bot',
        why,
        fix: `kubectl get configmap ${KEPT_STATE} -n ${namespace} -o yaml; the next switch writes it anew`,
      });
    const open = kept.phase === 'forward' || kept.phase === 'back';
    return checkOf(id, title, {
      verdict: open ? 'warn' : 'pass',
      evidence: `of ${kept.run}, begun ${kept.startedAt}, phase ${kept.phase}`,
      why,
      ...(open ? { fix: `/cilium show ${kept.run}: it is under way, or was left half done` } : {}),
    });
  } catch (thrown) {
    cancel.throwIfAborted();
    if (thrown instanceof OpsError && thrown.code === 'NotFound')
      return checkOf(id, title, { verdict: 'pass', evidence: 'none: this bot has made no switch here', why });
    return checkOfError({ id, title, why, verdict: 'unknown' }, thrown);
  }
}

const Data = z.object({ data: z.record(z.string(), z.string()).default({}) });
const Labels = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) });
const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The namespace of probe and benchmark pods: there, and open to pods on the host network. */
export async function probeNamespaceCheck(
  { cluster, signal, cancel }: Pick<Reading, 'cluster' | 'signal' | 'cancel'>,
  name: string,
): Promise<Check> {
  const [id, title] = ['probe-namespace', 'Namespace of probe pods'];
  const why = 'verify, iperf and every change put short-lived pods there, some on the host network';
  try {
    const { metadata } = Labels.parse(await cluster.get(NAMESPACES, { name }, signal));
    const level = metadata.labels[ENFORCE];
    if (level === undefined || level === 'privileged')
      return checkOf(id, title, {
        verdict: 'pass',
        evidence: `${name}, ${level === undefined ? 'no pod-security level' : `pod security ${level}`}`,
        why,
      });
    return checkOf(id, title, {
      verdict: 'warn',
      evidence: `${name} enforces pod security "${level}": pods on the host network are refused`,
      why,
      fix: `kubectl label namespace ${name} ${ENFORCE}=privileged --overwrite`,
    });
  } catch (thrown) {
    cancel.throwIfAborted();
    if (thrown instanceof OpsError && thrown.code === 'NotFound')
      return checkOf(id, title, {
        verdict: 'warn',
        evidence: `there is no namespace ${name}`,
        why,
        fix: `kubectl create namespace ${name}, or set PROBE_NAMESPACE to one that is there`,
      });
    const failed = checkOfError({ id, title, why, verdict: 'unknown' }, thrown);
    return { ...failed, fix: `kubectl get namespace ${name} --show-labels; ${failed.fix}`.slice(0, 400) };
  }
}

/** Nodes name the images they hold; whether another one can be pulled nobody can say before it is. */
export function imagesCheck(nodes: readonly (readonly string[])[], images: readonly string[]): Check {
  const told = images.map((image) => {
    const on = nodes.filter((names) => names.some((name) => sameImage(name, image))).length;
    return { image, on };
  });
  const evidence = told
    .map(({ image, on }) => `${image.split('/').at(-1) ?? image} on ${on} of ${nodes.length} nodes`)
    .join(', ');
  const known = told.every(({ on }) => on > 0);
  const missing = told.find(({ on }) => on === 0)?.image ?? '';
  return checkOf('probe-images', 'Images of probe pods', {
    verdict: known ? 'pass' : 'unknown',
    evidence,
    why: 'an image that no node holds is pulled first, and only then it shows whether that works',
    ...(known
      ? {}
      : {
          fix: `try it once: kubectl run pull-test --rm -it --restart=Never --image=${missing} -- true; or mirror it and set PROBE_IMAGE, BENCH_IMAGE`,
        }),
  });
}

function sameImage(name: string, image: string): boolean {
  const plain = (text: string): string => text.replace(/^(docker\.io\/)?(library\/)?/, '');
  return plain(name) === plain(image);
}
