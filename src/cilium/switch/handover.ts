import type { HelmValues } from '../../core/ports/change-ports.ts';
import type { Section } from '../../core/run/report.ts';
import { ownerWords } from '../facts/ownership.ts';
import type { Owner } from '../facts/status-data.ts';
import { valuesYaml } from './way-back.ts';

export type Handover = { readonly reason: string; readonly nextStep: string; readonly sections: readonly Section[] };

/**
 * What whoever owns the installation has to do instead, with the exact values; undefined when Helm owns it and the bot
 * may do it itself.
 */
export function handoverOf(
  owner: Owner,
  values: HelmValues,
  release: { readonly namespace: string },
): Handover | undefined {
  const yaml = valuesYaml(values);
  const refuse = (nextStep: string, title: string, lines: readonly string[]): Handover => ({
    reason: `Cilium here is ${ownerWords(owner) ?? owner.type}: a change made past it would be undone`,
    nextStep,
    sections: [{ title, lines: [...lines] }, restartSection(release.namespace)],
  });
  switch (owner.type) {
    case 'helm':
      return undefined;
    case 'argo-cd':
      return refuse(
        `commit these values to the source of ${owner.name}, let it sync, then run this again`,
        'Values for the Application',
        ['In spec.source.helm.valuesObject (or in the values file it names):', ...yaml],
      );
    case 'flux':
      return refuse(
        `commit these values to the HelmRelease ${owner.name}, let it reconcile, then run this again`,
        'Values for the HelmRelease',
        ['In spec.values:', ...yaml],
      );
    case 'helm-chart':
      return refuse(
        'commit these values where that HelmChart is kept, let it be applied, then run this again',
        'Values for the HelmChart',
        [`In spec.valuesContent of HelmChart ${owner.name}; on RKE2 in a HelmChartConfig of the same name:`, ...yaml],
      );
    case 'managed':
      return refuse('ask the provider for its own option', 'Not changed here', [
        `${owner.name} decides the routing mode and would set it back`,
      ]);
    case 'cilium-cli':
    case 'none':
      return refuse(
        'bring the installation under a Helm release (steps below), then run this again',
        'Adoption',
        adoption(values),
      );
    case 'unknown':
      return refuse('give the worker the right to look it up, then run this again', 'Not looked up', [owner.name]);
    default:
      throw new Error(`unhandled owner ${JSON.stringify(owner.type satisfies never)}`);
  }
}

/** The new settings alone do nothing: agents read them when they start. */
function restartSection(namespace: string): Section {
  return {
    title: 'Afterwards',
    lines: [
      'The settings alone change nothing: agents read them when they start.',
      'Run the same command again when they are applied: it then plans the restart alone, watched and with a way back.',
      `By hand: kubectl -n ${namespace} rollout restart daemonset/cilium`,
    ],
  };
}

function adoption(values: HelmValues): readonly string[] {
  return [
    'There is no Helm release to upgrade. To adopt what is installed:',
    '1. helm template the chart of the installed version with the installed values, and compare with kubectl diff until nothing differs',
    '2. label every object app.kubernetes.io/managed-by=Helm, annotate it meta.helm.sh/release-name=cilium and meta.helm.sh/release-namespace=<namespace>',
    '3. helm install cilium CHART --version INSTALLED --namespace <namespace> with the same values',
    '4. then this command again: it plans the switch, with these values:',
    ...valuesYaml(values),
  ];
}
