import { z } from 'zod';
import { Datapath } from './datapath.ts';

/** What one agent said about itself, whatever its version. */
export const AgentView = z
  .object({
    version: z.string().optional(),
    /** Ok, Warning, Failure, Disabled, or what a later version says. */
    state: z.string(),
    datapath: Datapath,
    devices: z.array(z.string()).readonly(),
    directRoutingDevice: z.string().optional(),
    masqueradedProtocols: z.array(z.string()).readonly(),
    /** cubic or bbr, when the bandwidth manager is on. */
    congestionControl: z.string().optional(),
    /** As the agent words it: `IPv4: 4/254 allocated from 10.0.1.0/24`. */
    ipam: z.string().optional(),
    failing: z
      .array(
        z.object({ name: z.string(), failures: z.number(), message: z.string(), at: z.string().optional() }).readonly(),
      )
      .readonly(),
    troubles: z.array(z.string()).readonly(),
  })
  .readonly();
export type AgentView = z.infer<typeof AgentView>;
