/** Which nodes are gone, from the Node objects: the agents' health probes cannot reach those. */
import { listAt, textAt } from './kube-object.ts';
import type { ResourceTable } from './resources.ts';
import { readEntry, type Store } from './store.ts';
import { isLazy } from './store-entry.ts';

/** Names of nodes whose Ready condition is not True. Synthesised nodes nobody changed are fine. */
export function unreadyNodes(store: Store, table: ResourceTable): ReadonlySet<string> {
  const type = table.find('', 'v1', 'nodes');
  const names = new Set<string>();
  if (type === undefined) return names;
  for (const entry of store.scan(type, '')) {
    if (isLazy(entry)) continue;
    const ready = listAt(readEntry(entry), 'status', 'conditions').find(
      (condition) => textAt(condition, 'type') === 'Ready',
    );
    if (textAt(ready, 'status') !== 'True') names.add(entry.name);
  }
  return names;
}
