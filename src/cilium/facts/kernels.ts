import type { Need } from './feature.ts';
import type { NodeState } from './status-data.ts';
import { atLeast, compareVersions, parseVersion, type Version } from './versions.ts';

type Kernel = { readonly version: Version; readonly node: string };

/** Lowest kernel first. A feature is only as available as it is on the oldest kernel of the cluster. */
export function kernelsOf(nodes: readonly NodeState[]): readonly Kernel[] {
  return nodes
    .flatMap((node) => {
      const version = parseVersion(node.kernel);
      return version === undefined ? [] : [{ version, node: node.name }];
    })
    .sort((left, right) => compareVersions(left.version, right.version));
}

/** Enterprise kernels keep an old number and carry newer features: the number proves nothing against them. */
const BACKPORTS = /\.el\d/;

/** Whether every node's kernel reaches `minimum` (`5.10`), and which does not. */
export function kernelNeed(kernels: readonly Kernel[], minimum: string): Need {
  const [lowest] = kernels;
  if (lowest === undefined) return { text: `kernel ${minimum} or newer`, met: 'unknown' };
  const name = short(lowest.version);
  if (atLeast(lowest.version, minimum)) return { text: `kernel ${name} is enough (≥ ${minimum})`, met: 'yes' };
  const below = kernels.filter((each) => !atLeast(each.version, minimum));
  if (below.every((each) => BACKPORTS.test(each.version.text)))
    return { text: `kernel ≥ ${minimum} (${lowest.version.text} has backports: the agent decides)`, met: 'unknown' };
  const where = below.length === 1 ? lowest.node : `${lowest.node} and ${below.length - 1} more`;
  return { text: `kernel ≥ ${minimum} (${name} on ${where})`, met: 'no' };
}

function short(version: Version): string {
  return `${version.major}.${version.minor}`;
}
