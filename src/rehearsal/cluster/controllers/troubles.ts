/** What the switchboard says about kubelets, agents and images. */
import type { Faults } from '../faults.ts';
import type { NodeTroubles } from './world.ts';

/** Images that nodes have: those of the cluster itself. All others must be pulled. */
const SYSTEM_IMAGE = /^quay\.io\/cilium\//;

type AgentTrouble = ReturnType<NodeTroubles['agentTrouble']>;

const AGENT_TROUBLES: Readonly<Record<string, AgentTrouble>> = {
  pending: 'pending',
  crash: 'crash',
  'old-mode': 'old-mode',
};

export function createTroubles(faults: Pick<Faults, 'value'>, lastNode: () => string): NodeTroubles {
  return {
    kubeletGone: (node) => {
      const gone = faults.value('node') === 'not-ready' || faults.value('rollout') === 'frozen-kubelet';
      return gone && node === lastNode();
    },
    agentTrouble: (node) => {
      if (node !== lastNode()) return undefined;
      if (faults.value('agent') === 'crashing') return 'crash';
      return AGENT_TROUBLES[faults.value('rollout')];
    },
    portTaken: (node) => faults.value('benchmark') === 'port-taken' && node === lastNode(),
    nodeFull: (node) => faults.value('benchmark') === 'full' && node === lastNode(),
    imageMissing: (image) => faults.value('images') === 'missing' && !SYSTEM_IMAGE.test(image),
  };
}
