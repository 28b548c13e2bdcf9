import type { Answer } from './answer.ts';
import { cancel } from './cancel.ts';
import { show } from './show.ts';

export const answers: readonly Answer[] = [show, cancel];
