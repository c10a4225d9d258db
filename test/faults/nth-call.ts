import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { temporaryFolder } from '../servers/server.ts';
import { Fault, type When } from './fault.ts';
import type { History } from './history.ts';
import { prepareJourney } from './journey.ts';

/** Walks the whole way again and again, with another failing call each time, until none is left that could fail. */
export async function failEveryCall(history: History, when: When): Promise<void> {
  for (let nth = 1; ; nth += 1) {
    const fault = new Fault(nth, when);
    const folder = temporaryFolder('nth-call');
    const store = await openSqliteStore({ path: path.join(folder, 'truthloop.sqlite') });
    const journey = await prepareJourney(store, fault);
    try {
      history.figures.records += await journey.walk();
    } catch (error) {
      throw new Error(`call ${nth}: ${(error as Error).message}`, { cause: error });
    } finally {
      await journey.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
    history.figures.rounds += 1;
    if (!fault.isMet) break;
    history.figures.faults += 1;
  }
  // Record, select, push, pull, reconcile and estimate make far more calls than that.
  assert.ok(history.figures.faults > 100, `only ${history.figures.faults} calls were met`);
  history.tell(`${history.figures.faults} calls`);
}
