import { setTimeout as pause } from 'node:timers/promises';

import { audit, gauges, type LabelStudioAt, type Place } from './audit.ts';
import { createChance } from './chance.ts';
import type { History } from './history.ts';
import type { Installation } from './installation.ts';
import { createUsers, type Users } from './users.ts';

const CONVERGED_WITHIN_MS = 120_000;

/** An installation with its users, and the Label Studio as it is past the proxies. */
export interface Deployment {
  readonly installation: Installation;
  readonly users: Users;
  readonly place: () => Place;
}

export function deploymentOf(
  installation: Installation,
  labelStudio: LabelStudioAt,
  history: History,
): Deployment {
  const secret = (name: string): string => installation.product.secret(name);
  const keys = new Map<string, string>();
  // Known from the first start on, also while the program is down.
  const kept = (name: string): string => {
    const known = keys.get(name) ?? secret(name);
    keys.set(name, known);
    return known;
  };
  const local = (name: string): string => `http://127.0.0.1:${installation.settings[name] ?? ''}`;
  return {
    installation,
    users: createUsers({
      webUrl: () => local('WEB_PORT'),
      ingestKey: () => kept('INGEST_KEY'),
      chance: createChance(history.seed),
      at: new Date().toISOString(),
    }),
    place: () => ({
      webUrl: local('WEB_PORT'),
      syncUrl: local('SYNC_PORT'),
      opsKey: kept('OPS_KEY'),
      labelStudio,
      projectPrefix: installation.settings['PROJECT_PREFIX'] ?? '',
    }),
  };
}

/** Asks for runs until one succeeds and leaves no work behind. The time-out only bounds a failure. */
export async function converge({ installation }: Pick<Deployment, 'installation'>): Promise<void> {
  const { product } = installation;
  const deadline = Date.now() + CONVERGED_WITHIN_MS;
  for (;;) {
    const run = await product.sync();
    const { total: pending } = await gauges(product.syncUrl, 'truthloop_outbox_pending');
    if (run['result'] === 'success' && pending === 0) break;
    if (Date.now() > deadline)
      throw new Error(`not drained, ${pending} entries wait: ${JSON.stringify(run)}`);
    // Entries wait for their back-off.
    await pause(200);
  }
  // What was pushed by the run before is estimated by this one.
  await product.sync();
}

/** Everything is repeated that was never acknowledged, all work is done, and all of it is looked at. */
export async function settle(deployment: Deployment, history: History): Promise<void> {
  await deployment.users.repeat();
  await converge(deployment);
  const audited = await audit(deployment.place(), deployment.users.ledger);
  history.figures.records += audited.records;
  history.note(`audited ${audited.records} records, ${audited.labels} labels`);
}
