/** A strict reader of Prometheus' text format (version 0.0.4): anything it does not expect throws. */
export type Series = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly series: readonly Series[];
};

// prom-client writes `Nan`, which Prometheus reads: its numbers know no case.
const SERIES = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (N[aA][nN]|[+-]Inf|[-+0-9.e]+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;

type Open = { readonly name: string; readonly help: string; type: string; readonly series: Series[] };

export function readMetrics(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Open>();
  let current: Open | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = { name, help: rest, type: '', series: [] };
      families.set(name, current);
    } else if (kind === 'TYPE' && current?.name === name) current.type = rest;
    else take(current, line);
  }
  return families;
}

function take(current: Open | undefined, line: string): void {
  const series = seriesOf(line);
  if (current === undefined || !series.name.startsWith(current.name)) throw new Error(`stray line: ${line}`);
  const same = current.series.some(
    ({ name, labels }) => name === series.name && JSON.stringify(labels) === JSON.stringify(series.labels),
  );
  if (same) throw new Error(`a series comes twice: ${line}`);
  current.series.push(series);
}

function seriesOf(line: string): Series {
  const [, name, labels = '', value] = SERIES.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`not a line of the format: ${line}`);
  const read: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < labels.length; ) {
    const [, label, text] = LABEL.exec(labels) ?? [];
    if (label === undefined || text === undefined) throw new Error(`not labels: ${labels}`);
    read[label] = text;
  }
  return { name, labels: read, value: Number(value.replace('Inf', 'Infinity')) };
}

/** The sum over the series that have these labels; undefined when there is none. */
export function sumOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = [...families.values()].find((each) => name.startsWith(each.name) && each.series.some(named(name)));
  const fitting = (family?.series ?? []).filter(
    (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  return fitting.length === 0 ? undefined : fitting.reduce((sum, { value }) => sum + value, 0);
}

function named(name: string): (series: Series) => boolean {
  return (series) => series.name === name;
}
