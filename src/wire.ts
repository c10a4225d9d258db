import { createLog } from './adapters/system/create-log.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { systemRandom } from './adapters/system/system-random.ts';
import type { Config } from './config/parse-config.ts';
import { buildInfo } from './wire/build-info.ts';
import { classifierPart } from './wire/classifier-part.ts';
import { readDeployment } from './wire/deployment.ts';
import { imageLinks } from './wire/links.ts';
import { openRecords, type Records } from './wire/records.ts';
import { joinParts, type Part } from './wire/service.ts';
import type { Surroundings } from './wire/surroundings.ts';
import { syncPart } from './wire/sync-part.ts';
import { webPart } from './wire/web-part.ts';

/**
 * Builds what the roles of this process need, and nothing else. Nothing listens before `start`.
 * @throws ConfigInvalid, ModelUnusable, StoreUnusable: one message that says what to do
 */
export async function wire(config: Config): Promise<Part> {
  const around: Surroundings = {
    clock: systemClock,
    random: systemRandom,
    log: createLog(config.LOG_LEVEL),
    build: buildInfo(),
  };
  const deployment = await readDeployment(config);
  for (const fault of deployment.examples.faults)
    around.log.warn({ fault }, 'example picture left out');
  const parts: Part[] = [];
  if (config.ROLES.includes('classifier') && deployment.model !== null) {
    parts.push(classifierPart(config, deployment.model, deployment.shadow, around));
  }
  if (config.ROLES.some((role) => role !== 'classifier')) {
    const records = await openRecords(config, around.log);
    const links = imageLinks(config);
    parts.unshift(recordsPart(records));
    if (config.ROLES.includes('web')) {
      parts.push(webPart(config, deployment, records, links, around));
    }
    if (config.ROLES.includes('sync')) {
      parts.push(syncPart(config, deployment, records, links, around));
    }
  }
  return joinParts(parts);
}

/** Opened before everything that writes, closed after it. */
const recordsPart = (records: Records): Part => ({
  name: 'records',
  start: () => Promise.resolve(),
  stop: () => records.close(),
});
