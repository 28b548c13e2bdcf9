import { modesOf } from '../facts/agent-groups.ts';
import { configuredRouting } from '../facts/config-view.ts';
import { kernelNeed, kernelsOf } from '../facts/kernels.ts';
import { ownerWords } from '../facts/ownership.ts';
import type { Installation } from '../facts/status-data.ts';
import { count, listed, tally } from '../facts/text.ts';
import { atLeast, parseVersion, type Version, versionOfImage } from '../facts/versions.ts';
import type { PreflightFacts } from './facts.ts';
import { type Answer, fail, notRead, notReadButMinor, pass, type Question, unknown, warn } from './question.ts';

export const INSTALLATION: readonly Question[] = [
  {
    id: 'current-mode',
    group: 'Installation',
    title: 'Agents run in one routing mode',
    why: 'agents in different modes drop each other’s pod traffic; a switch that is half done must be finished or undone first',
    ask: currentMode,
  },
  {
    id: 'owner',
    group: 'Installation',
    title: 'Helm owns the installation',
    why: 'whoever reconciles Cilium from elsewhere would undo a change made past them',
    ask: (facts) => ofInstallation(facts, owner),
  },
  {
    id: 'helm-release',
    group: 'Installation',
    title: 'The Helm release is at rest and its chart is known',
    why: 'Helm refuses an upgrade while another operation is pending; the chart of the release record is the one that is used',
    ask: (facts) => ofInstallation(facts, helmRelease),
  },
  {
    id: 'version-supported',
    group: 'Installation',
    title: 'The Helm values of this version are known',
    why: 'the same switch is written with three sets of keys, and some versions ignore the wrong one silently',
    ask: (facts) => ofInstallation(facts, versionSupported),
  },
  {
    id: 'nodes-ready',
    group: 'Installation',
    title: 'All nodes are ready',
    why: 'a node that is not ready cannot restart its agent and would stay in the old mode, cut off from the others',
    ask: nodesReady,
  },
  {
    id: 'agents-ready',
    group: 'Installation',
    title: 'All agents are ready and answer',
    why: 'an agent that is broken before the change is broken after it, and hides what the change does',
    ask: agentsReady,
  },
  {
    id: 'rollout-settled',
    group: 'Installation',
    title: 'No rollout is under way',
    why: 'two rollouts at once restart agents in an order nobody chose',
    ask: (facts) => ofInstallation(facts, rolloutSettled),
  },
  {
    id: 'one-version',
    group: 'Installation',
    title: 'All agents run one version',
    why: 'the keys and the behaviour of the switch differ between versions',
    ask: oneVersion,
  },
  {
    id: 'operator-ready',
    group: 'Installation',
    title: 'The operator is available',
    why: 'it hands out pod CIDRs and makes CiliumNodes; the switch itself does not need it',
    ask: (facts) => ofInstallation(facts, operatorReady),
  },
  {
    id: 'config-readable',
    group: 'Installation',
    title: 'cilium-config is readable',
    why: 'nearly every other answer rests on it',
    ask: ({ config }) =>
      config === undefined ? notRead('cilium-config') : pass(count(Object.keys(config).length, 'setting')),
  },
  {
    id: 'rollout-strategy',
    group: 'Installation',
    title: 'Agents restart when the change says so',
    why: 'helm upgrade should change the ConfigMap and nothing else, so that the restart can be watched and stopped',
    ask: rolloutStrategy,
  },
  {
    id: 'kernel',
    group: 'Installation',
    title: 'Every kernel is new enough',
    why: 'native routing needs no newer kernel than the agent itself does',
    ask: kernel,
  },
];

function ofInstallation(facts: PreflightFacts, ask: (installation: Installation) => Answer): Answer {
  const { installation } = facts.status;
  return installation === undefined ? notRead('the installation') : ask(installation);
}

/** Configured, and every agent that answered runs it: there is nothing to switch. */
export function runsNative({ status, config }: Pick<PreflightFacts, 'status' | 'config'>): boolean {
  const modes = [...modesOf(status).keys()];
  return config !== undefined && configuredRouting(config).mode === 'native' && modes.join() === 'native routing';
}

function currentMode({ status, config }: PreflightFacts): Answer {
  const modes = [...modesOf(status)];
  const words = modes.map(([mode, nodes]) => `${mode} on ${listed(nodes)}`).join('; ');
  if (config === undefined || modes.length === 0)
    return unknown('no agent told its routing mode', 'see why the agents do not answer: /cilium status');
  const { mode } = configuredRouting(config);
  if (modes.length > 1 && mode !== 'native')
    return fail(`${words}; cilium-config asks for ${mode}`, 'restart the agents that differ, then run status');
  if (mode !== 'native') return pass(words);
  if (runsNative({ status, config }))
    return warn('native routing is configured and every agent runs it: there is nothing to switch', 'run verify');
  return warn(
    `native routing is configured, not rolled out: ${words}`,
    'enabling it now only restarts the agents that still run the old mode',
  );
}

function owner({ owner: found }: Installation): Answer {
  switch (found.type) {
    case 'helm':
      return pass(`Helm release ${found.name}`);
    case 'unknown':
      return unknown(ownerWords(found) ?? 'unknown', 'give the worker the right to list what may own Cilium');
    case 'argo-cd':
    case 'flux':
    case 'helm-chart':
      return fail(ownerWords(found) ?? found.type, 'change the values there: the change hands out the exact ones');
    case 'managed':
      return fail(ownerWords(found) ?? found.type, 'the provider decides the routing mode; ask for its own option');
    case 'cilium-cli':
    case 'none':
      return fail(ownerWords(found) ?? found.type, 'bring the installation under a Helm release first');
    default:
      throw new Error(`unhandled owner ${JSON.stringify(found.type satisfies never)}`);
  }
}

function helmRelease({ release }: Installation): Answer {
  if (release === undefined) return fail('there is no Helm release', 'bring the installation under a Helm release');
  const { revision, status, chart, note } = release;
  if (revision === undefined || status === undefined || chart === undefined)
    return unknown(
      `release ${release.name}: ${note ?? 'not told'}`,
      `allow the worker to read Secrets in ${release.namespace}, where Helm keeps its releases`,
    );
  const words = `release ${release.name} revision ${revision} (${status}), chart ${chart}`;
  if (status === 'deployed') return pass(words);
  if (status.startsWith('pending-'))
    return fail(words, `wait for it; if it was killed half-way: helm rollback ${release.name} -n ${release.namespace}`);
  return warn(words, 'find out what failed (helm history); an upgrade on top is possible');
}

function versionSupported({ version: text }: Installation): Answer {
  const version = text === undefined ? undefined : parseVersion(text);
  if (version === undefined)
    return unknown(`Cilium ${text ?? 'of unknown version'}`, 'use an image with a version tag');
  if (!atLeast(version, '1.10')) return fail(`Cilium ${version.text} is older than 1.10`, 'upgrade Cilium first');
  const known = atLeast(version, '1.22') ? 'newer than any chart that was tried (up to 1.21)' : undefined;
  return known === undefined ? pass(`Cilium ${version.text}`) : warn(`Cilium ${version.text} is ${known}`);
}

function nodesReady({ status, nodes }: PreflightFacts): Answer {
  if (nodes === undefined || status.nodes.length === 0) return notRead('nodes');
  const down = status.nodes.filter((node) => node.ready !== 'yes').map((node) => node.name);
  if (down.length === 0) return pass(`${status.nodes.length} of ${count(status.nodes.length, 'node')} ready`);
  return fail(`${count(down.length, 'node')} not ready: ${listed(down, 6)}`, 'bring them back, or remove the nodes');
}

function agentsReady({ status }: PreflightFacts): Answer {
  const { agents, installation } = status;
  if (installation === undefined || agents.length === 0) return notRead('agents');
  const down = agents.filter((agent) => !agent.ready);
  const absent = Math.max(0, installation.desired - agents.length);
  if (down.length > 0 || absent > 0) {
    const names = listed(
      down.map(({ node, trouble }) => (trouble === undefined ? node : `${node} (${trouble})`)),
      6,
    );
    const missing = absent === 0 ? '' : `, ${count(absent, 'node')} without an agent`;
    return fail(
      `${down.length} of ${count(agents.length, 'agent')} not ready: ${names}${missing}`,
      'repair them first',
    );
  }
  const silent = agents.filter((agent) => agent.answer.state === 'failed').map((agent) => agent.node);
  if (silent.length > 0)
    return unknown(`${count(silent.length, 'ready agent')} did not answer: ${listed(silent, 6)}`, 'ask again');
  const heard = agents.filter((agent) => agent.answer.state === 'answered').length;
  if (heard < agents.length) return warn(`${heard} of ${count(agents.length, 'agent')} asked, all of them ready`);
  return pass(`${heard} of ${heard} ready and answering`);
}

function rolloutSettled({ daemonSet, desired, updated, observed, ready }: Installation): Answer {
  const words = `DaemonSet ${daemonSet}: ${updated} of ${desired} updated, ${ready} ready`;
  if (observed && updated >= desired) return pass(words);
  return fail(`${words}${observed ? '' : ', its newest template not seen yet'}`, 'wait until the rollout has ended');
}

function oneVersion({ status }: PreflightFacts): Answer {
  if (status.agents.length === 0) return notRead('agents');
  const versions = tally(status.agents.map(({ image }) => versionOfImage(image)?.text ?? image));
  const words = versions.map(([version, number]) => `${version} on ${count(number, 'node')}`).join(', ');
  return versions.length === 1 ? pass(words) : fail(words, 'finish the upgrade of Cilium first');
}

function operatorReady({ operator }: Installation): Answer {
  if (operator === undefined) return notReadButMinor('the operator');
  const words = `${operator.ready} of ${operator.desired} ready`;
  if (operator.ready === 0) return fail(words, 'repair the operator first: new nodes would get no pod CIDR');
  return operator.ready < operator.desired ? warn(words, 'one is enough for the change') : pass(words);
}

function rolloutStrategy({ rollout }: PreflightFacts): Answer {
  if (rollout === undefined) return notReadButMinor('the DaemonSet of the agents');
  if (rollout.rollsOnConfigChange)
    return warn(
      'rollOutCiliumPods is on: helm upgrade alone restarts all agents, in the DaemonSet’s own order',
      'set rollOutCiliumPods=false first if the restart is to be watched batch by batch',
    );
  return pass(
    `restarts are separate from the upgrade (${rollout.strategy}, at most ${rollout.maxUnavailable} at once)`,
  );
}

/** What the agents themselves require, by version (their documentation). */
function kernelMinimum(version: Version): string {
  if (atLeast(version, '1.18')) return '5.10';
  if (atLeast(version, '1.16')) return '5.4';
  return atLeast(version, '1.14') ? '4.19' : '4.9';
}

function kernel({ status }: PreflightFacts): Answer {
  const version = parseVersion(status.installation?.version ?? '');
  if (version === undefined || status.nodes.length === 0) return notReadButMinor('versions of Cilium and kernels');
  const need = kernelNeed(kernelsOf(status.nodes), kernelMinimum(version));
  // The agents run on these kernels already: a low number is strange, and no reason against the switch.
  return need.met === 'yes' ? pass(need.text) : warn(need.text);
}
