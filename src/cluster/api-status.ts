import { z } from 'zod';

/** The fields of a `Status` (meta/v1) that decide what a failure means. Unknown fields are ignored. */
export const ApiStatus = z.object({
  kind: z.literal('Status').optional(),
  status: z.enum(['Success', 'Failure']).optional(),
  message: z.string().default(''),
  reason: z.string().default(''),
  code: z.number().optional(),
  metadata: z.object({ continue: z.string().optional() }).optional(),
  details: z
    .object({
      name: z.string().optional(),
      group: z.string().optional(),
      kind: z.string().optional(),
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(
          z.object({ reason: z.string().default(''), message: z.string().default(''), field: z.string().default('') }),
        )
        .default([]),
    })
    .default({ causes: [] }),
});
export type ApiStatus = z.infer<typeof ApiStatus>;

/** A failure is kept for messages and the log, where a proxy's whole page would be noise. */
const MAX_TEXT = 16 * 1024;

/** An answer that is not a success, as it came. `status` is set when the body was a Status object. */
export class ApiFailure extends Error {
  readonly httpStatus: number;
  readonly text: string;
  readonly status: ApiStatus | undefined;
  readonly retryAfterMs: number | undefined;
  readonly location: string | undefined;

  constructor(
    httpStatus: number,
    text: string,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ) {
    super(`HTTP ${httpStatus}: ${text.slice(0, 500)}`);
    this.name = 'ApiFailure';
    this.httpStatus = httpStatus;
    this.text = text.slice(0, MAX_TEXT);
    this.status = parseStatus(text);
    const asked = Number(first(headers['retry-after']) ?? this.status?.details.retryAfterSeconds);
    this.retryAfterMs = Number.isFinite(asked) ? asked * 1_000 : undefined;
    this.location = first(headers['location']);
  }
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value[0] : value;
}

/** The Status in a body, or nothing when the body is something else (plain text, a proxy's page). */
export function parseStatus(text: string): ApiStatus | undefined {
  if (!text.trimStart().startsWith('{')) return;
  try {
    const parsed = ApiStatus.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return;
  }
}
