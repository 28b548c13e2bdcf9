import type { Roll } from '../../src/cilium/facts/disruption.ts';
import { clip } from '../../src/cilium/facts/text.ts';
import type { PreflightFacts } from '../../src/cilium/preflight/facts.ts';
import { toSwitchPlan } from '../../src/cilium/switch/plan-switch.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { valuesYaml } from '../../src/cilium/switch/way-back.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { Artifact, PlanContext, Planned } from '../../src/core/job.ts';
import type { HelmRelease } from '../../src/core/ports/change-ports.ts';
import type { Check } from '../../src/core/run/check.ts';
import { configMapData, diffManifests } from '../../src/core/run/manifest.ts';
import type { Reading } from '../reading/reading.ts';
import { readExposure } from './exposure.ts';

export const CONFIG_MAP = 'cilium-config';
const MAX_DIFF_BYTES = 900_000;

type Config = Readonly<Record<string, string>>;
type Refused = Extract<Planned, { type: 'refused' }>;
export type Rendered = { readonly type: 'rendered'; readonly after: Config; readonly diff: string } | Refused;

/** What helm would apply, with the chart of the release and the API server's own word (`--dry-run=server`). */
export async function render({
  context: { helm, signal },
  work,
  deployed,
}: {
  readonly context: Pick<PlanContext, 'helm' | 'signal'>;
  readonly work: SwitchWork;
  readonly deployed: Config | undefined;
}): Promise<Rendered> {
  try {
    const { namespace, name } = work.release;
    const { manifest } = await helm.dryRun({ namespace, name, set: work.set }, signal);
    const after = configMapData(manifest, CONFIG_MAP);
    if (after === undefined || deployed === undefined)
      return { type: 'refused', reason: `the chart renders no ConfigMap ${CONFIG_MAP}` };
    return { type: 'rendered', after, diff: diffManifests(await helm.manifest(work.release, signal), manifest) };
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && thrown.code === 'Rejected') return asRefusal(thrown);
    throw thrown;
  }
}

export function toRelease(release: HelmRelease): SwitchWork['release'] {
  const { namespace, name, revision, appVersion, chartName, chartVersion } = release;
  return { namespace, name, revision, appVersion, chart: { name: chartName, version: chartVersion } };
}

function asRefusal({ message, nextStep }: OpsError): Refused {
  const next = nextStep === undefined ? {} : { nextStep: clip(nextStep, 400) };
  return { type: 'refused', reason: clip(`Helm refuses the change: ${message}`, 1_000), ...next };
}

export type PlanParts = {
  readonly context: PlanContext;
  readonly facts: PreflightFacts;
  readonly work: SwitchWork;
  readonly roll: Roll;
  readonly release: HelmRelease;
  /** cilium-config as it is in the cluster. */
  readonly before: Config;
  readonly rendered: Extract<Rendered, { type: 'rendered' }>;
  readonly checks: readonly Check[];
};

export async function toPlanned(parts: PlanParts): Promise<Planned> {
  const { context, facts, work, roll, release, before, rendered, checks } = parts;
  const exposure = await readExposure(readingOf(context));
  const plan = toSwitchPlan({
    cluster: facts.status.cluster,
    work,
    roll,
    release,
    before,
    after: { ...before, ...rendered.after },
    nodes: facts.status.agents.map(({ node }) => node),
    versions: facts.status.agents.map(({ image }) => image),
    checks,
    exposure,
    deviceMtu: deviceMtuOf(facts),
  });
  return { type: 'plan', plan, artifacts: artifactsOf(parts) };
}

function readingOf({ cluster, log, signal, clock }: PlanContext): Reading {
  return { cluster, log, cancel: signal, signal, now: clock.now, miss: () => undefined };
}

/** The smallest among the devices by which nodes reach each other. */
function deviceMtuOf({ networks }: PreflightFacts): number | undefined {
  const mtus = networks.flatMap(({ routes, devices }) => {
    const uplinks = new Set(
      routes.filter((each) => each.table === 'main' && each.network.bits === 0).map((each) => each.dev),
    );
    return devices.filter(({ name, mtu }) => uplinks.has(name) && mtu > 0).map(({ mtu }) => mtu);
  });
  return mtus.length === 0 ? undefined : Math.min(...mtus);
}

function artifactsOf({ rendered, work }: PlanParts): readonly Artifact[] {
  const diff = rendered.diff === '' ? '(no difference: only agents restart)\n' : rendered.diff;
  return [
    text('plan.diff', 'Full diff of the manifests (Secrets left out)', 'text/x-diff', diff),
    text('values.yaml', 'Helm values that are set', 'text/yaml', `${valuesYaml(work.set).join('\n')}\n`),
  ];
}

function text(name: string, title: string, mimetype: string, content: string): Artifact {
  const whole = new TextEncoder().encode(content);
  const bytes = whole.byteLength <= MAX_DIFF_BYTES ? whole : whole.slice(0, MAX_DIFF_BYTES);
  return { name, title, mimetype, bytes };
}
