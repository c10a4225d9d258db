import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { DatabaseSync } from '@photostructure/sqlite';

import { openRedisStore } from '../src/adapters/redis/open-redis-store.ts';
import { openSqliteStore } from '../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../src/adapters/system/create-log.ts';
import { type Config, parseConfig } from '../src/config/parse-config.ts';
import { withDotEnv, withSecrets } from '../src/config/secrets-file.ts';
import { AppError } from '../src/domain/errors.ts';
import { hourOf, windowLengthMs } from '../src/domain/window.ts';
import {
  canRestate,
  restatedHistory,
  type RestatedMoment,
} from '../src/expose/restated-history.ts';
import type { Store } from '../src/ports/store.ts';
import { estimateVersions } from '../src/sync/estimate-versions.ts';
import { readDeployment } from '../src/wire/deployment.ts';

const HELP = `npm run --silent export -- openmetrics [options] > history.txt

Writes the estimates of past hours as they are known today, labels that came late included, as OpenMetrics text. The program
may run meanwhile. Load it with: promtool tsdb create-blocks-from openmetrics history.txt PROMETHEUS_DATA_FOLDER

  --days NUMBER       how far back (default 7); a window is written only where its counts are still kept by the hour
  --job NAME          label of the scraped series (default sync)
  --instance NAME     likewise (default 127.0.0.1:SYNC_PORT; sync:8081 in compose)
  --out FILE          instead of the standard output
`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Prometheus still writes its newest hours itself. */
const HEAD_MS = 3 * HOUR_MS;

function readSettings(): {
  config: Config;
  out: string | null;
  days: number;
  job: string;
  instance: string;
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      days: { type: 'string', default: '7' },
      job: { type: 'string', default: 'sync' },
      instance: { type: 'string' },
      out: { type: 'string' },
    },
  });
  if (positionals.join(' ') !== 'openmetrics') throw new Error('Say what to export: openmetrics.');
  const days = Number(values.days);
  if (!(days > 0 && days <= 3650)) throw new Error(`--days ${values.days}: expected 1 to 3650.`);
  const env = withDotEnv(process.env, path.resolve('.env'));
  const dataDir =
    env['DATA_DIR'] === undefined || env['DATA_DIR'] === '' ? 'data' : env['DATA_DIR'];
  const config = parseConfig(
    withSecrets(env, dataDir, (message) => process.stderr.write(`${message}\n`)),
  );
  const instance = values.instance ?? `127.0.0.1:${config.SYNC_PORT}`;
  return { config, days, instance, job: values.job, out: values.out ?? null };
}

/** Opens the records to read them. SQLite serves one process: what is read is a consistent copy, made while the program runs. */
async function openRecords(config: Config): Promise<{ store: Store; close: () => Promise<void> }> {
  const log = createLog('silent');
  if (config.STORE === 'redis' && config.REDIS_URL !== undefined) {
    const store = await openRedisStore({
      url: config.REDIS_URL,
      durability: config.REDIS_DURABILITY,
      log,
    });
    return { store, close: () => store.close() };
  }
  const original = path.join(config.DATA_DIR, 'truthloop.sqlite');
  if (!existsSync(original)) throw new Error(`${original} is not there: nothing was recorded yet.`);
  const folder = await mkdtemp(path.join(tmpdir(), 'truthloop-export-'));
  const copy = path.join(folder, 'copy.sqlite');
  const database = new DatabaseSync(original, { readOnly: true });
  database.prepare('VACUUM INTO ?').run(copy);
  database.close();
  const store = await openSqliteStore({ path: copy, log });
  const close = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { store, close };
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
  const moments: RestatedMoment[] = [];
  for (let at = hourOf(now - days * DAY_MS); at <= now - HEAD_MS; at += HOUR_MS) {
    const estimates = await estimateVersions(store, settings, at);
    moments.push({
      at,
      estimates: estimates.filter(
        (estimate) => estimate.predictions > 0 && canRestate(estimate, now - at, longest),
      ),
    });
  }
  return moments;
}

try {
  const { config, days, job, instance, out } = readSettings();
  const { classes, model } = await readDeployment(config);
  const { store, close } = await openRecords(config);
  try {
    const moments = await restate(config, classes, store, days);
    const offline =
      model?.offline === undefined
        ? []
        : [{ modelVersion: model.version, accuracy: model.offline.right / model.offline.n }];
    const text = restatedHistory(moments, offline, { job, instance });
    if (out === null) process.stdout.write(text);
    else await writeFile(out, text);
    const shown = moments.filter(({ estimates }) => estimates.length > 0).length;
    process.stderr.write(`${shown} of ${moments.length} hours had predictions\n`);
  } finally {
    await close();
  }
} catch (error) {
  const isOurs = error instanceof AppError || !(error instanceof TypeError);
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${isOurs ? `\n${HELP}` : ''}`,
  );
  process.exitCode = 1;
}
