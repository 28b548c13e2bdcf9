import type { Answer } from './answer.ts';
import { cancel } from './cancel.ts';

export const answers: readonly Answer[] = [cancel];
