import { z } from 'zod';

/**
 * The fields of Kubernetes objects that Cilium's reading uses, and no others. Anything that may be absent on an odd
 * server or in a trimmed object has a default, so that one strange object never hides the rest.
 */
const strings = z.record(z.string(), z.string()).catch({}).default({});

const OwnerReference = z.object({ kind: z.string(), name: z.string(), controller: z.boolean().optional() });

export const ObjectMeta = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  labels: strings,
  annotations: strings,
  creationTimestamp: z.string().optional().catch(undefined),
  deletionTimestamp: z.string().optional().catch(undefined),
  generation: z.number().optional().catch(undefined),
  ownerReferences: z.array(OwnerReference).catch([]).default([]),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;

export const MetadataOnly = z.object({ metadata: ObjectMeta });
export type MetadataOnly = z.infer<typeof MetadataOnly>;

export const Node = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({ podCIDRs: z.array(z.string()).optional(), providerID: z.string().optional() })
    .catch({})
    .default({}),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string().optional() }))
        .catch([])
        .default([]),
      nodeInfo: z
        .object({
          kernelVersion: z.string().default(''),
          kubeletVersion: z.string().default(''),
          operatingSystem: z.string().default('linux'),
        })
        .optional(),
    })
    .prefault({}),
});
export type Node = z.infer<typeof Node>;

const Container = z.object({ name: z.string(), image: z.string().default('') });
const PodTemplate = z
  .object({ spec: z.object({ containers: z.array(Container).default([]) }).prefault({}) })
  .prefault({});
const Selector = z.object({ matchLabels: strings }).prefault({});

export const DaemonSet = z.object({
  metadata: ObjectMeta,
  spec: z.object({ selector: Selector, template: PodTemplate }).prefault({}),
  status: z
    .object({
      desiredNumberScheduled: z.number().default(0),
      numberReady: z.number().default(0),
      updatedNumberScheduled: z.number().default(0),
      observedGeneration: z.number().optional(),
    })
    .prefault({}),
});
export type DaemonSet = z.infer<typeof DaemonSet>;

export const Deployment = z.object({
  metadata: ObjectMeta,
  spec: z.object({ replicas: z.number().default(1), selector: Selector, template: PodTemplate }).prefault({}),
  status: z.object({ readyReplicas: z.number().default(0), updatedReplicas: z.number().default(0) }).prefault({}),
});
export type Deployment = z.infer<typeof Deployment>;

const ContainerStatus = z.object({
  name: z.string(),
  image: z.string().default(''),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: z
    .object({
      waiting: z.object({ reason: z.string().default('') }).optional(),
      running: z.object({ startedAt: z.string().optional() }).optional(),
    })
    .catch({})
    .default({}),
  lastState: z
    .object({
      terminated: z.object({ exitCode: z.number().optional(), finishedAt: z.string().optional() }).optional(),
    })
    .catch({})
    .default({}),
});

export const Pod = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({
      nodeName: z.string().optional(),
      hostNetwork: z.boolean().default(false),
      containers: z.array(Container).catch([]).default([]),
    })
    .prefault({}),
  status: z
    .object({
      phase: z.string().default('Unknown'),
      podIP: z.string().optional(),
      startTime: z.string().optional(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string() }))
        .catch([])
        .default([]),
      containerStatuses: z.array(ContainerStatus).catch([]).default([]),
      initContainerStatuses: z.array(ContainerStatus).catch([]).default([]),
    })
    .prefault({}),
});
export type Pod = z.infer<typeof Pod>;

export const ConfigMap = z.object({ metadata: ObjectMeta, data: strings });

export const CiliumNode = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({
      ipam: z
        .object({
          podCIDRs: z.array(z.string()).nullish(),
          pools: z
            .object({ allocated: z.array(z.object({ cidrs: z.array(z.string()).default([]) })).nullish() })
            .nullish(),
        })
        .nullish(),
    })
    .catch({})
    .default({}),
});
export type CiliumNode = z.infer<typeof CiliumNode>;

/** The objects of a page that have the shape. One that has not is left out: it cannot be reasoned about. */
export function parseAll<Shape>(schema: z.ZodType<Shape>, raw: readonly unknown[]): readonly Shape[] {
  return raw.flatMap((each) => {
    const parsed = schema.safeParse(each);
    return parsed.success ? [parsed.data] : [];
  });
}
