import { schedule, type ScheduledTask } from 'node-cron';

import { createLabelStudio } from '../adapters/label-studio/create-label-studio.ts';
import type { Config } from '../config/parse-config.ts';
import { exposeTarget } from '../expose/expose-facts.ts';
import type { Served } from '../http/serve.ts';
import { createRunSync } from '../sync/run-sync.ts';
import { createSyncApp, SYNC_HANDLERS } from '../sync/sync-app.ts';
import { createSyncLoop, type SyncLoop } from '../sync/sync-loop.ts';
import type { ImageLinks } from '../web/image-links.ts';
import type { Deployment } from './deployment.ts';
import { listenOn } from './listen.ts';
import type { Records, RecordsInService } from './records.ts';
import { type RoleMetrics, roleMetrics } from './role-metrics.ts';
import type { Part } from './service.ts';
import type { Surroundings } from './surroundings.ts';
import { createSyncSteps } from './sync-steps.ts';

const RUN_ENDS_WITHIN_MS = 3000;

/** The sync role: its HTTP side, its schedule, and Label Studio. */
export function syncPart(
  config: Config,
  deployment: Deployment,
  records: RecordsInService,
  links: ImageLinks,
  around: Surroundings,
): Part {
  let leave = (): void => undefined;
  let end: () => Promise<void> = async () => undefined;
  return {
    name: 'sync',
    async start() {
      const { clock, random, log, build } = around;
      const role = roleMetrics(
        'sync',
        { classes: deployment.classes, handlers: SYNC_HANDLERS },
        build,
      );
      exposeTarget(role.meter, config.TARGET_ACCURACY);
      records.showIn(role.meter);
      const labelStudio = createLabelStudio({
        baseUrl: config.LABEL_STUDIO_URL,
        publicUrl: config.LABEL_STUDIO_PUBLIC_URL,
        token: config.LABEL_STUDIO_TOKEN,
        clock,
        meter: role.meter,
        random,
      });
      const steps = createSyncSteps(config, deployment, records, links, labelStudio, {
        ...around,
        meter: role.meter,
      });
      const loop = createSyncLoop({
        execute: createRunSync({
          steps,
          runs: records.store,
          holder: holderOf(config, random.id()),
          clock,
          meter: role.meter,
          log,
        }),
        makeId: () => random.id(),
        log,
      });
      const listening = await listen(config, records, loop, role);
      const timer = scheduleRuns(config.SYNC_CRON, loop);
      loop.request('start');
      leave = () => {
        listening.leave();
      };
      end = async () => {
        await timer.destroy();
        await listening.stop();
        // A run under way may end, but a silent Label Studio is not waited for: what was cut off is looked up next time.
        const cutOff = setTimeout(() => {
          labelStudio.close();
        }, RUN_ENDS_WITHIN_MS);
        await loop.stop();
        clearTimeout(cutOff);
        labelStudio.close();
      };
      log.info({ url: listening.url, labelStudio: config.LABEL_STUDIO_URL }, 'sync ready');
    },
    leave: () => {
      leave();
    },
    stop: () => end(),
  };
}

/**
 * Who takes turns. A SQLite store has one process only: what a killed one held is its successor's at once, not when the
 * lease has run out.
 */
const holderOf = ({ STORE }: Config, id: string): string =>
  STORE === 'sqlite' ? 'the only process' : id;

interface Listening {
  readonly url: string;
  leave(): void;
  stop(): Promise<void>;
}

async function listen(
  config: Config,
  { store }: Records,
  loop: SyncLoop,
  role: RoleMetrics,
): Promise<Listening> {
  let isReady = true;
  const app = createSyncApp({
    ...role,
    loop,
    store,
    isReady: () => isReady,
    webhookSecret: config.WEBHOOK_SECRET,
    opsKey: config.OPS_KEY,
  });
  const served: Served = await listenOn(app, {
    host: config.HOST,
    port: config.SYNC_PORT,
    setting: 'SYNC_PORT',
  });
  const leave = (): void => {
    isReady = false;
    served.leave();
  };
  return {
    url: served.url,
    leave,
    stop: () => {
      leave();
      return served.stop();
    },
  };
}

const scheduleRuns = (expression: string, loop: SyncLoop): ScheduledTask =>
  schedule(
    expression,
    () => {
      loop.request('schedule');
    },
    { timezone: 'UTC', suppressMissedWarning: true },
  );
