import { type Fields, fieldsOf, str } from './fields.ts';

export type Answer =
  | { readonly ok: true; readonly body: Fields }
  | { readonly ok: false; readonly error: string; readonly body: Fields };

/** Posts to the control API. Never throws: a server that is gone is an answer too (`server_gone`). */
export async function postControl(path: string, body: Fields): Promise<Answer> {
  try {
    const response = await fetch(`/_control/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = fieldsOf(await response.json());
    if (answer['ok'] === true) return { ok: true, body: answer };
    return { ok: false, error: str(answer, 'error') || `http_${response.status}`, body: answer };
  } catch {
    return { ok: false, error: 'server_gone', body: {} };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  server_gone: 'The rehearsal Slack does not answer. Is it still running?',
};

/** The server's own sentence where it gives one, else ours for the code, else the code. */
export function explain(answer: Answer & { ok: false }): string {
  return str(answer.body, 'message') || WORDS[answer.error] || `Slack answered: ${answer.error.replaceAll('_', ' ')}`;
}

/** The server sends along the sentence that Slackbot just told the person. */
export function isToldBySlackbot(answer: Answer): boolean {
  return str(answer.body, 'message') !== '';
}
