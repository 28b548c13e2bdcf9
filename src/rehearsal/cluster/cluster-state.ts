/** What every handler gets: the parts of one running rehearsal cluster. */
import type { AgentWorld } from './agent/commands.ts';
import type { Authentication } from './authentication.ts';
import type { Controllers } from './controllers/controllers.ts';
import type { ControllerWorld } from './controllers/world.ts';
import type { Faults } from './faults.ts';
import type { Authorizer } from './rbac.ts';
import type { ResourceRequest } from './request-info.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import type { Store } from './store.ts';
import type { UserInfo } from './users.ts';

export type Cluster = {
  readonly table: ResourceTable;
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly authentication: Authentication;
  readonly faults: Faults;
  readonly agents: AgentWorld;
  readonly controllers: Controllers;
  readonly world: ControllerWorld;
  readonly now: () => Date;
  /** `host:port` of the API server. */
  readonly address: () => string;
  /** False for the groups of CRDs that are not installed. */
  readonly groupVisible: (group: string) => boolean;
};

/** A request for a resource that exists in the table, already authorised. */
export type ResourceCall = {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly info: ResourceRequest;
  readonly user: UserInfo;
  readonly accept: string | undefined;
};
