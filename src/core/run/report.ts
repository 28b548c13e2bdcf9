import { z } from 'zod';

/**
 * What a job has to say, before anybody decides how it looks. A job builds one Report; `render/` turns the same Report
 * into a Slack message with its thread and into terminal output, so the two never tell different stories and a new
 * command needs no renderer of its own.
 *
 * All strings are plain text from us or from the cluster: renderers escape them. Sizes are bounded, because a Report
 * is part of the run's last event; bulk goes into an artifact.
 */

/** The word comes first, the mark only repeats it (UX rule 4). */
export const Mark = z.enum(['ok', 'warn', 'fail', 'running', 'unknown', 'none']);
export type Mark = z.infer<typeof Mark>;

/** Something a person can do next: a button in Slack, a line to type everywhere. `command` is without the `/cilium`. */
export const NextStep = z.object({ label: z.string().max(40), command: z.string().max(200) }).readonly();
export type NextStep = z.infer<typeof NextStep>;

export const Table = z
  .object({
    columns: z.array(z.string().max(80)).min(1).max(8).readonly(),
    /** Each row has as many cells as there are columns. */
    rows: z
      .array(z.array(z.string().max(600)).readonly())
      .max(100)
      .readonly(),
  })
  .readonly();
export type Table = z.infer<typeof Table>;

export const Finding = z.object({ mark: Mark, text: z.string().max(600), next: NextStep.optional() }).readonly();
export type Finding = z.infer<typeof Finding>;

export const Section = z
  .object({
    title: z.string().max(140),
    lines: z.array(z.string().max(800)).max(100).readonly().default([]),
    table: Table.optional(),
  })
  .readonly();
export type Section = z.infer<typeof Section>;

export const Report = z
  .object({
    mark: Mark,
    /** What, where, how bad. One line. */
    headline: z.string().max(150),
    /** The two or three lines under it. */
    facts: z.array(z.string().max(400)).max(4).readonly(),
    /** What needs a look, worst first. */
    findings: z.array(Finding).max(8).readonly(),
    table: Table.optional(),
    /** Detail: the thread in Slack, the rest of the page in the terminal. */
    sections: z.array(Section).max(12).readonly(),
    next: z.array(NextStep).max(8).readonly(),
    /** When the data was read, ISO 8601. */
    asOf: z.string(),
    /** Set when some of the data is missing: what, and why. */
    partial: z.string().max(400).optional(),
  })
  .readonly();
export type Report = z.infer<typeof Report>;
