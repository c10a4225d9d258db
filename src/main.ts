import { setTimeout as pause } from 'node:timers/promises';

import { dataDirOf } from './config/data-dir.ts';
import { parseConfig } from './config/parse-config.ts';
import { withDotEnv, withSecrets } from './config/secrets-file.ts';
import { strangeSettings } from './config/strange-settings.ts';
import { AppError } from './domain/errors.ts';
import { wire } from './wire.ts';
import type { Part } from './wire/service.ts';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** A fault that a person can mend is said in words; anything else keeps its stack. */
function leave(error: unknown): never {
  say(error instanceof AppError ? error.message : String((error as Error).stack ?? error));
  process.exit(1);
}

/** Orchestrators kill after 30 s; whatever still hangs by then is no reason to be killed. */
const GRACE_MS = 25_000;

/** First nobody new is sent here, then what is under way finishes. */
async function end(service: Part, drainSeconds: number): Promise<void> {
  service.leave?.();
  await pause(drainSeconds * 1000);
  await service.stop();
}

async function main(): Promise<void> {
  const env = withDotEnv(process.env, '.env', (names) => {
    for (const warning of strangeSettings(names)) say(warning);
  });
  const config = parseConfig(withSecrets(env, dataDirOf(env), say));
  const service = await wire(config);
  let isStopping = false;
  const stop = (): void => {
    // A second signal means "now": whoever sends it has waited long enough.
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    end(service, config.DRAIN_SECONDS).then(() => process.exit(0), leave);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await service.start();
}

main().catch(leave);
