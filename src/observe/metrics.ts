import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { SECOND_MS } from '../core/clock.ts';
import { within } from '../core/deadline.ts';
import { METRICS, type Meter, type Sample } from '../core/meter.ts';

const PREFIX = 'cilium_chatops_';
/** Values of one label: clusters are at most 50, resources and Slack's errors a few dozen. What is beyond is `other`. */
const MAX_VALUES = 100;
const VALUE = /^[\w.:/-]{1,64}$/;
/** A scrape may not hang on the store, and twenty scrapes a second may not load it. */
const COLLECT_LIMIT_MS = 2 * SECOND_MS;
const KEPT_MS = 5 * SECOND_MS;
/** The default of prom-client, 10 ms, wakes an idle process a hundred times a second. */
const EVENT_LOOP_PRECISION_MS = 100;

type Labels = Readonly<Record<string, string>>;

export type Metrics = {
  readonly meter: Meter;
  /** Looks these gauges up when somebody scrapes, at most every 5 s. While it fails they are left out, not stale. */
  readonly collect: (names: readonly Sample['name'][], look: () => Promise<readonly Sample[]>) => void;
  /** The text format of Prometheus. Never rejects: what cannot be had is left out. */
  readonly scrape: () => Promise<string>;
  readonly contentType: string;
};

/** The only file that knows prom-client. One registry per process: `role` and versions stand in `…_build_info`. */
export function createMetrics(
  build: { readonly version: string; readonly role: string },
  { collectLimitMs = COLLECT_LIMIT_MS }: { readonly collectLimitMs?: number } = {},
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  addBuildInfo(registry, build);
  const { meter, gauges } = createMeter(registry);
  const collectors: (() => Promise<void>)[] = [];
  return {
    meter,
    contentType: registry.contentType,
    collect: (names, look) => {
      collectors.push(
        atMostEvery(KEPT_MS, async () => {
          const samples = await within(collectLimitMs, look()).catch(() => []);
          for (const name of names) gauges.get(name)?.reset();
          for (const { name, labels, value } of samples) gauges.get(name)?.set(labels, value);
        }),
      );
    },
    scrape: async () => {
      await Promise.all(collectors.map((collect) => collect()));
      return registry.metrics();
    },
  };
}

type Made = {
  readonly counters: Map<string, (labels: Labels, by: number) => void>;
  readonly histograms: Map<string, (labels: Labels, seconds: number) => void>;
  readonly gauges: Map<string, { readonly set: (labels: Labels, value: number) => void; readonly reset: () => void }>;
};

function createMeter(registry: Registry) {
  const { counters, histograms, gauges } = makeAll(registry);
  const meter: Meter = {
    count: (name, labels, by = 1) => {
      // A counter that goes down, or becomes NaN, is worse than one that misses something.
      if (by >= 0) counters.get(name)?.(labels, by);
    },
    observe: (name, labels, seconds) => {
      if (Number.isFinite(seconds)) histograms.get(name)?.(labels, Math.max(0, seconds));
    },
  };
  return { meter, gauges };
}

function makeAll(registry: Registry): Made {
  const made: Made = { counters: new Map(), histograms: new Map(), gauges: new Map() };
  for (const [name, spec] of Object.entries(METRICS)) {
    const options = { name: `${PREFIX}${name}`, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
    const bounded = createBound();
    if (spec.type === 'counter') {
      const counter = new Counter(options);
      made.counters.set(name, (labels, by) => counter.inc(bounded(labels), by));
    } else if (spec.type === 'histogram') {
      const histogram = new Histogram({ ...options, buckets: [...spec.buckets] });
      made.histograms.set(name, (labels, seconds) => histogram.observe(bounded(labels), seconds));
    } else {
      const gauge = new Gauge(options);
      // Without labels it would start as a 0 that nobody measured.
      const forget = (): void => (spec.labels.length === 0 ? gauge.remove() : gauge.reset());
      forget();
      made.gauges.set(name, { set: (labels, value) => gauge.set(bounded(labels), value), reset: forget });
    }
  }
  return made;
}

/** Every distinct set of labels lives until the process ends, so nobody from outside may make new ones at will. */
function createBound(): (labels: Labels) => Record<string, string> {
  const known = new Map<string, Set<string>>();
  const boundedValue = (label: string, value: string): string => {
    const values = known.get(label) ?? new Set();
    known.set(label, values);
    if (!values.has(value)) {
      if (values.size >= MAX_VALUES || !VALUE.test(value)) return 'other';
      values.add(value);
    }
    return value;
  };
  return (labels) =>
    Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, boundedValue(label, value)]));
}

function addBuildInfo(
  registry: Registry,
  { version, role }: { readonly version: string; readonly role: string },
): void {
  const labels = { version, role, node: process.version };
  const help = 'Always 1; what runs here';
  new Gauge({ name: `${PREFIX}build_info`, help, labelNames: Object.keys(labels), registers: [registry] }).set(
    labels,
    1,
  );
}

/** Those who come while it is at work wait for the same result. */
function atMostEvery(keptMs: number, work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  let doneAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (done === undefined || performance.now() - doneAtMs > keptMs) {
      doneAtMs = Number.POSITIVE_INFINITY;
      done = work().finally(() => {
        doneAtMs = performance.now();
      });
    }
    return done;
  };
}
