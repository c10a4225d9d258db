import { setTimeout } from 'node:timers/promises';

import { createLabelStudio } from '../../src/adapters/label-studio/create-label-studio.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { ConfigInvalid } from '../../src/domain/errors.ts';
import type { AccuracyEstimate } from '../../src/domain/estimate.ts';
import type { Log } from '../../src/ports/log.ts';
import { createRunSync } from '../../src/sync/run-sync.ts';
import { NO_ORDERS } from '../../src/sync/sync-loop.ts';
import { buildInfo } from '../../src/wire/build-info.ts';
import { readDeployment } from '../../src/wire/deployment.ts';
import { imageLinks } from '../../src/wire/links.ts';
import type { RecordsInService } from '../../src/wire/records.ts';
import { createSyncSteps } from '../../src/wire/sync-steps.ts';
import { webPart } from '../../src/wire/web-part.ts';
import { UsageError } from '../records/run-command.ts';
import { unmetered } from '../records/unmetered.ts';
import type { Installation } from './installation.ts';
import { HOLDER } from './record-log.ts';

const EVERY_MS = 3000;

/** How far an audit is. */
export interface State {
  /** Newest of each model version. */
  readonly estimates: readonly AccuracyEstimate[];
  /** Drawn predictions that wait for people. */
  readonly open: number;
  /** Where the tasks are; null until the project is there. */
  readonly projectUrl: string | null;
  /** Why the last run did not do all of its work; null when it did. */
  readonly fault: string | null;
}

/**
 * Makes the tasks, serves their pictures and reads the answers until every task has one: by the web role and the runs of
 * the sync that a service has.
 * @param onState told after each run
 * @param signal ends it early
 */
export async function followAudit(
  { config }: Installation,
  records: RecordsInService,
  log: Log,
  onState: (state: State) => void,
  signal: AbortSignal,
): Promise<void> {
  const around = { clock: systemClock, random: systemRandom, log, build: buildInfo() };
  const deployment = await readDeployment(config);
  const links = imageLinks(config);
  const labelStudio = createLabelStudio({
    baseUrl: config.LABEL_STUDIO_URL,
    publicUrl: config.LABEL_STUDIO_PUBLIC_URL,
    token: config.LABEL_STUDIO_TOKEN,
    ...{ clock: systemClock, meter: unmetered, random: systemRandom },
  });
  const metered = { ...around, meter: unmetered };
  const run = createRunSync({
    steps: createSyncSteps(config, deployment, records, links, labelStudio, metered, 'audit'),
    ...{ runs: records.store, holder: HOLDER, ...metered },
  });
  const web = webPart(config, deployment, records, links, around);
  await web.start().catch((error: unknown) => {
    throw error instanceof ConfigInvalid
      ? new UsageError(error.message.replace('WEB_PORT', '--port'), { cause: error })
      : error;
  });
  try {
    while (!signal.aborted) {
      const id = systemRandom.id();
      await run(id, 'request', NO_ORDERS, signal);
      const state = await stateOf(records, config.LABEL_STUDIO_PUBLIC_URL, id);
      onState(state);
      if (state.open === 0 && state.fault === null) return;
      await setTimeout(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await web.stop();
    labelStudio.close();
  }
}

async function stateOf(
  { store }: RecordsInService,
  labelStudioUrl: string,
  runId: string,
): Promise<State> {
  const [{ openTasks }, { dead }, projectId, run] = await Promise.all([
    store.labelFlow(0),
    store.outboxState(),
    store.projectId('random'),
    store.findRun(runId),
  ]);
  return {
    estimates: await store.latestEstimates(),
    open: Math.max(0, openTasks - dead),
    projectUrl: projectId === null ? null : `${labelStudioUrl}/projects/${projectId}/data`,
    fault: run?.error ?? null,
  };
}
