import type { HelmValues } from '../../core/ports/change-ports.ts';
import { type SwitchWork, targetWords } from './switch-work.ts';

/** Where the released chart is published; distributions have charts of their own. */
const CILIUM_CHARTS = 'https://helm.cilium.io';

/** What to type when the bot cannot go on: exact, in order, and harmless to repeat. */
export function takeOver(work: SwitchWork, direction: 'forward' | 'back'): readonly string[] {
  const { agents } = work;
  const mode = targetWords(direction === 'forward' ? work.to : work.from);
  const values = direction === 'forward' ? work.set : work.old;
  const settings = Object.keys(values).length === 0 ? [] : settingLines(work, direction, values);
  return [
    `# to ${mode}`,
    ...settings,
    '# the agents: a container restart does not read the settings again, so the pods are replaced',
    `kubectl -n ${agents.namespace} rollout restart daemonset/${agents.daemonSet}`,
    `kubectl -n ${agents.namespace} rollout status daemonset/${agents.daemonSet} --timeout=15m`,
    '# what every agent says about itself now; whether traffic flows only a ping between pods of two nodes tells',
    `for pod in $(kubectl -n ${agents.namespace} get pods -l k8s-app=cilium -o name); do kubectl -n ${agents.namespace} exec $pod -c cilium-agent -- cilium status | grep -E "Network|Routing"; done`,
  ];
}

function settingLines(work: SwitchWork, direction: 'forward' | 'back', values: HelmValues): readonly string[] {
  const { namespace, name, revision } = work.release;
  const ofRelease = `helm -n ${namespace}`;
  const revisionBefore =
    direction === 'back' && work.upgrades
      ? [
          '# the settings: the revision before, while Helm still has it (it keeps ten)',
          `${ofRelease} rollback ${name} ${revision}`,
          '# or, where that is gone, the old values with the chart that is deployed',
        ]
      : ['# the settings, with the chart that is deployed'];
  return [
    `${ofRelease} history ${name}    # the newest is pending, and no helm runs? ${ofRelease} rollback ${name}`,
    ...revisionBefore,
    ...chartLines(work),
    `${ofRelease} get values ${name} -o json > values-now.json`,
    `jq ${quoted(jqProgram(values))} values-now.json > values-new.json`,
    // Never --reset-then-reuse-values with nulls: helm 4.1 writes them into the record of the revision before.
    `${ofRelease} upgrade ${name} ${chartOf(work)} --reset-values -f values-new.json`,
  ];
}

function chartLines({ release: { chart } }: SwitchWork): readonly string[] {
  return chart === undefined || chart.name === 'cilium' ? [`helm repo add cilium ${CILIUM_CHARTS}`] : [];
}

/** A chart of another name comes from a place that only its owners know. */
function chartOf({ release: { chart, appVersion } }: SwitchWork): string {
  if (chart === undefined) return `cilium/cilium --version ${appVersion}`;
  const from = chart.name === 'cilium' ? 'cilium/cilium' : `YOUR-REPOSITORY/${chart.name}`;
  return `${from} --version ${chart.version}`;
}

/** `(. // {}) | setpath(["routingMode"]; "native") | delpaths([["tunnel"]])`: what is null is taken out. */
function jqProgram(values: HelmValues): string {
  const paths = Object.entries(values).map(([path, value]) => ({ path: JSON.stringify(path.split('.')), value }));
  const set = paths.filter(({ value }) => value !== null);
  const gone = paths.filter(({ value }) => value === null).map(({ path }) => path);
  return [
    '(. // {})',
    ...set.map(({ path, value }) => `setpath(${path}; ${JSON.stringify(value)})`),
    ...(gone.length === 0 ? [] : [`delpaths([${gone.join(', ')}])`]),
  ].join(' | ');
}

function quoted(program: string): string {
  return `'${program.replaceAll("'", `'\\''`)}'`;
}
