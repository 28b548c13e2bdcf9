import type { Job } from '../src/core/job.ts';
import { doctor } from './doctor.ts';
import { enableNativeRouting } from './enable-native-routing.ts';
import { iperf } from './iperf.ts';
import { preflight } from './preflight.ts';
import { restartUnmanaged } from './restart-unmanaged.ts';
import { rollback } from './rollback.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';

/** Every job there is. A new command is one file in this folder and one entry in this list. */
export const jobs = [
  status,
  preflight,
  verify,
  enableNativeRouting,
  rollback,
  restartUnmanaged,
  iperf,
  doctor,
] as const satisfies readonly Job[];
