/** Recorded answers of one agent (Cilium 1.19, VXLAN), the mould for all others. */
import { readSeed } from '../seed.ts';

export type Link = Readonly<Record<string, unknown>>;

export type Controller = {
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly status: Readonly<Record<string, unknown>>;
  readonly uuid: string;
};

export type AgentTemplate = {
  readonly status: Readonly<Record<string, unknown>> & { readonly controllers: readonly Controller[] };
  readonly config: Readonly<Record<string, unknown>>;
  readonly links: Readonly<Record<string, Link>>;
  readonly version: string;
};

let loaded: AgentTemplate | undefined;

export function agentTemplate(): AgentTemplate {
  loaded ??= JSON.parse(readSeed('agent')) as AgentTemplate;
  return loaded;
}
