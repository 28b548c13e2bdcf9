/** The whole result of a run for machines, kept as an artifact: `.gz` where it would not fit otherwise. */
export const RESULT_FILE = 'result.json';
export const RESULT_FILE_GZ = 'result.json.gz';

/** Kept for every run, and shared in its thread only when somebody asks: most readers have no use for it. */
export function isResultFile(name: string): boolean {
  return name === RESULT_FILE || name === RESULT_FILE_GZ;
}
