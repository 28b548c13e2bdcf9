/** Samples to figures, and figures to lines. */

export function quantile(samples, q) {
  const sorted = samples.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(samples) {
  return quantile(samples, 0.5);
}

export function ms(value) {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en')} ms`;
}

export function mib(value) {
  return `${Math.round(value)} MiB`;
}

/**
 * One line of the report. `ok` undefined: there is a comparison but no target.
 * @param {{ what: string, measured: string, against?: string, n: number, ok?: boolean }} line
 */
export function printLine({ what, measured, against = '', n, ok }) {
  const mark = { true: 'ok  ', false: 'MISS' }[String(ok)] ?? '    ';
  process.stdout.write(`${mark}  ${what.padEnd(46)}${measured.padEnd(30)}${against.padEnd(48)}n=${n}\n`);
}
