/**
 * What gives a secret away by its shape: Slack's tokens and response URLs, bearer and basic credentials, JWTs, passwords
 * and tokens in URLs, private keys. In a log line the text is JSON: quotes and line breaks are escaped.
 */
const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(xox[a-z](?:\.xox[a-z])?-|xapp-)[\w-]+/g, '$1[redacted]'],
  [/\b(Bearer\s+)[\w.~+/=-]+/gi, '$1[redacted]'],
  [/\b(Basic\s+)[\w+/=-]{12,}/g, '$1[redacted]'],
  [/([?&](?:access_token|token|api_key|signature|password|secret)=)[^&\s"\\]+/gi, '$1[redacted]'],
  [/-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\w+/=\s\\-]*/g, '[redacted]'],
  [/(\bclient-(?:key|certificate)-data:\s*)[\w+/=-]{8,}/g, '$1[redacted]'],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, '[redacted]'],
  [/(https:\/\/hooks\.slack\.com\/)[\w/-]+/g, '$1[redacted]'],
  [/(\b[a-z][a-z+]*:\/\/[^\s:@/"\\]*:)[^\s@/"\\]+@/gi, '$1[redacted]@'],
];
const SECRET_NAME = /token|secret|password|passphrase|credential|private|api.?key/i;
/** Nothing that people write by hand is so long without a blank. */
const RANDOM = /[\w+/=-]{32,}/;

/** Cuts out of a text what gives itself away as a secret. */
export function withoutSecrets(text: string): string {
  return SECRET_SHAPES.reduce((rest, [shape, instead]) => rest.replace(shape, instead), text);
}

/** Whether a value had better not be quoted, by the name it stands under or by its shape. */
export function looksSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || RANDOM.test(value) || withoutSecrets(value) !== value;
}
