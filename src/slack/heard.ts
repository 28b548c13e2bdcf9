/** What came in from Slack and was found genuine: Bolt has checked signature or socket before anybody hears of it. */
export type HeardKind = 'command' | 'button' | 'mention' | 'view';

export type Heard = {
  readonly since: Date;
  readonly at: (kind: HeardKind) => Date | undefined;
  readonly last: () => Date | undefined;
};

export type Ear = Heard & { readonly hear: (kind: HeardKind | undefined) => void };

export function createEar(now: () => Date): Ear {
  const since = now();
  const times = new Map<HeardKind, Date>();
  return {
    since,
    at: (kind) => times.get(kind),
    last: () =>
      [...times.values()].reduce<Date | undefined>((newest, at) => (newest && newest > at ? newest : at), undefined),
    hear: (kind) => {
      if (kind !== undefined) times.set(kind, now());
    },
  };
}

/** Of the body of a request, as Slack's documentation has it. */
export function kindOf(body: unknown): HeardKind | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if ('command' in body) return 'command';
  const type = 'type' in body ? body.type : undefined;
  if (type === 'block_actions') return 'button';
  if (type === 'view_submission' || type === 'view_closed') return 'view';
  return type === 'event_callback' ? 'mention' : undefined;
}
