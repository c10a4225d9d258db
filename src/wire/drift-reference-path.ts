import { join } from 'node:path';

import type { Config } from '../config/parse-config.ts';

/** Where the reference of drift detection is, made beforehand or learned. */
export const driftReferencePath = (config: Pick<Config, 'DATA_DIR' | 'DRIFT_REFERENCE'>): string =>
  config.DRIFT_REFERENCE ?? join(config.DATA_DIR, 'drift-reference.json');
