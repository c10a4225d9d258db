import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { parseArgs } from 'node:util';

import type { Config } from '../../src/config/parse-config.ts';
import { hourOf, windowLengthMs } from '../../src/domain/window.ts';
import {
  canRestate,
  restatedHistory,
  type RestatedMoment,
} from '../../src/expose/restated-history.ts';
import type { Store } from '../../src/ports/store.ts';
import { estimateVersions } from '../../src/sync/estimate-versions.ts';
import { readDeployment } from '../../src/wire/deployment.ts';
import { loadConfig } from '../records/load-config.ts';
import { openCopy } from '../records/open-copy.ts';
import { createProgress } from '../records/progress.ts';
import { UsageError } from '../records/run-command.ts';

export const OPENMETRICS_HELP = `npm run --silent export -- openmetrics [options] > history.txt

Writes the estimates of past hours as they are known today, labels that came late included, as OpenMetrics text. The program
may run meanwhile. Load it with: promtool tsdb create-blocks-from openmetrics history.txt PROMETHEUS_DATA_FOLDER
The newest three hours are left out: Prometheus still writes those itself.

  --days NUMBER       how far back (default 7); a window is written only where its counts are still kept by the hour
  --job NAME          label of the scraped series (default sync)
  --instance NAME     likewise (default 127.0.0.1:SYNC_PORT; sync:8081 in compose)
  --out FILE          instead of the standard output
`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Prometheus still writes its newest hours itself. */
const HEAD_MS = 3 * HOUR_MS;

/** `npm run export -- openmetrics`. @param args what follows the word */
export async function exportOpenMetrics(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      days: { type: 'string', default: '7' },
      job: { type: 'string', default: 'sync' },
      instance: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const days = Number(values.days);
  if (!(days > 0 && days <= 3650))
    throw new UsageError(`--days ${values.days}: expected 1 to 3650.`);
  const config = loadConfig();
  const deployment = await readDeployment(config);
  const records = await openCopy(config);
  try {
    const moments = await restate(config, deployment.classes, records.store, days);
    const text = restatedHistory(moments, deployment.offline, {
      job: values.job,
      instance: values.instance ?? `127.0.0.1:${config.SYNC_PORT}`,
    });
    if (values.out === undefined) process.stdout.write(text);
    else await writeFile(values.out, text);
    const shown = moments.filter(({ estimates }) => estimates.length > 0).length;
    process.stderr.write(
      `${shown} of ${moments.length} hours had predictions; the newest three are left to Prometheus\n`,
    );
  } finally {
    await records.close();
  }
}

/** Each full hour, as far back as asked and as counts are kept by the hour. */
async function restate(
  config: Config,
  classes: readonly string[],
  store: Store,
  days: number,
): Promise<RestatedMoment[]> {
  const now = Date.now();
  const longest = Math.max(0, ...config.WINDOWS.map((window) => windowLengthMs(window) ?? 0));
  const settings = {
    windows: config.WINDOWS,
    classes,
    segments: config.SEGMENTS,
    targetAccuracy: config.TARGET_ACCURACY,
    labelSlaMs: config.LABEL_SLA_DAYS * DAY_MS,
    isAnchored: config.REVEAL_PREDICTION === 'hard',
  };
  const progress = createProgress();
  const moments: RestatedMoment[] = [];
  for (let at = hourOf(now - days * DAY_MS); at <= now - HEAD_MS; at += HOUR_MS) {
    const estimates = await estimateVersions(store, settings, at);
    moments.push({
      at,
      estimates: estimates.filter(
        (estimate) => estimate.predictions > 0 && canRestate(estimate, now - at, longest),
      ),
    });
    progress(() => `${moments.length} hours estimated`);
  }
  return moments;
}
