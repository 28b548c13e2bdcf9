/**
 * More nodes and pods than were recorded, made the same way each time and only when somebody looks: the store keeps
 * names, labels and selector fields, a full object exists for as long as one request needs it.
 */
import type { ResourceTable, ResourceType } from './resources.ts';
import { type Loader, mouldsOf } from './scale-moulds.ts';
import { adjustCounts, loadNodes } from './scale-nodes.ts';
import { loadPods, loadWorkloads } from './scale-pods.ts';
import type { Store } from './store.ts';

export type Scale = { readonly nodes: number; readonly pods: number };

/** Adds nodes up to `scale.nodes` and pods up to `scale.pods` in all; fewer than there are changes nothing. */
export function loadScale(store: Store, table: ResourceTable, scale: Scale): void {
  const type = (apiVersion: string, kind: string): ResourceType => {
    const found = table.byKind(apiVersion, kind);
    if (found === undefined) throw new Error(`no resource serves ${apiVersion} ${kind}`);
    return found;
  };
  const loader: Loader = { store, type };
  if (scale.nodes <= 3 && scale.pods === 0) return;
  const moulds = mouldsOf(loader);
  const nodes = Math.max(4, scale.nodes);
  loadNodes(loader, moulds, nodes);
  adjustCounts(loader, nodes);
  const pods = Math.max(0, scale.pods - store.count(type('v1', 'Pod')));
  if (pods === 0) return;
  loadPods(loader, moulds, { nodes, pods });
  loadWorkloads(loader, moulds, pods);
}
