import { asJson, asList, type Json } from './json.ts';
import type { UiSwitchboard } from './ui-protocol.ts';
import type { World } from './world.ts';

/** Our own board, and the rehearsal cluster's where its control address was given. */
export type Switchboards = {
  /** Ours as it is, the cluster's as it was when last asked. */
  readonly known: () => readonly UiSwitchboard[];
  readonly list: () => Promise<readonly UiSwitchboard[]>;
  /** Answers false where there is no such board, switch or option, or the cluster does not answer. */
  readonly set: (change: { board: string; id: string; value: string }) => Promise<boolean>;
};

const CLUSTER_TIMEOUT_MS = 2_000;

function toBoards(body: Json): readonly UiSwitchboard[] {
  const given = body['switchboards'] === undefined ? [body] : asList(body['switchboards']);
  // The other program speaks the same shape (ui-protocol.ts); what is no board is left out.
  return given.filter((board): board is UiSwitchboard => Array.isArray(asJson(board)['switches']));
}

export function createSwitchboards(world: World, clusterControl: string | undefined): Switchboards {
  let clusterBoards: readonly UiSwitchboard[] = [];

  async function askCluster(init: RequestInit): Promise<Json | undefined> {
    if (clusterControl === undefined) return undefined;
    try {
      const url = `${clusterControl.replace(/\/$/, '')}/faults`;
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(CLUSTER_TIMEOUT_MS) });
      return response.ok ? asJson(await response.json()) : undefined;
    } catch {
      // A cluster that is down has no board to show; the page shows ours alone.
      return undefined;
    }
  }

  return {
    known: () => [world.faults.board(), ...clusterBoards],
    async list() {
      const cluster = await askCluster({});
      clusterBoards = cluster === undefined ? [] : toBoards(cluster);
      return [world.faults.board(), ...clusterBoards];
    },
    async set(change) {
      if (change.board === 'slack') return world.faults.set(change.id, change.value);
      const answer = await askCluster({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(change),
      });
      return answer !== undefined && answer['ok'] !== false;
    },
  };
}
