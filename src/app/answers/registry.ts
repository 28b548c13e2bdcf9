import type { Answer } from './answer.ts';
import { approve } from './approve.ts';
import { breakGlass } from './break-glass.ts';
import { cancel } from './cancel.ts';
import { compare } from './compare.ts';
import { continueRun } from './continue.ts';
import { freeze, unfreeze } from './freeze.ts';
import { history } from './history.ts';
import { hold, unhold } from './hold.ts';
import { reject } from './reject.ts';
import { schedules } from './schedules.ts';
import { show } from './show.ts';

export const answers: readonly Answer[] = [
  show,
  history,
  schedules,
  compare,
  cancel,
  approve,
  reject,
  hold,
  unhold,
  freeze,
  unfreeze,
  breakGlass,
  continueRun,
];
