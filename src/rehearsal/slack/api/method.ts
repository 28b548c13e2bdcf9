import { asText, type Json, parseJson } from '../json.ts';
import type { Tier } from '../rate-limits.ts';
import type { World } from '../world.ts';

/** An `ok: false` answer. Slack sends these with status 200. */
export class Refusal extends Error {
  readonly code: string;
  readonly extra: Json;

  constructor(code: string, extra: Json = {}) {
    super(code);
    this.name = 'Refusal';
    this.code = code;
    this.extra = extra;
  }
}

/** @throws Refusal always */
export function refuse(code: string, extra: Json = {}): never {
  throw new Refusal(code, extra);
}

/** Arguments that Slack would call malformed, with its `response_metadata.messages`. */
export function refuseArguments(...messages: readonly string[]): never {
  throw new Refusal('invalid_arguments', {
    response_metadata: { messages: messages.map((text) => `[ERROR] ${text}`) },
  });
}

export type Args = {
  readonly raw: Json;
  readonly has: (name: string) => boolean;
  /** The text of an argument, `''` where it was not given; numbers and booleans of JSON bodies are turned to text. */
  readonly text: (name: string) => string;
  /** @throws Refusal invalid_arguments */
  readonly required: (name: string) => string;
  readonly flag: (name: string, fallback: boolean) => boolean;
  readonly integer: (name: string, fallback: number) => number;
  /** Arrays and objects come as JSON text in forms and as they are in JSON bodies; undefined where malformed. */
  readonly structure: (name: string) => unknown;
};

export function toArgs(raw: Json): Args {
  const text = (name: string) => {
    const value = raw[name];
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : asText(value);
  };
  return {
    raw,
    has: (name) => raw[name] !== undefined && raw[name] !== null,
    text,
    required(name) {
      const value = text(name);
      if (value === '') refuseArguments(`missing required field: ${name}`);
      return value;
    },
    flag: (name, fallback) => (text(name) === '' ? fallback : ['true', '1'].includes(text(name))),
    integer(name, fallback) {
      const value = Number.parseInt(text(name), 10);
      return Number.isNaN(value) ? fallback : value;
    },
    structure(name) {
      const value = raw[name];
      return typeof value === 'string' ? parseJson(value) : value;
    },
  };
}

export type Call = { readonly world: World; readonly args: Args };

export type Method = {
  /** The scope a token needs, null where none; several mean "any of". */
  readonly scope: string | readonly string[] | null;
  readonly tier: Tier;
  readonly token?: 'bot' | 'app' | 'none';
  /** @throws Refusal */
  readonly run: (call: Call) => Json;
};

export type Methods = Readonly<Record<string, Method>>;
