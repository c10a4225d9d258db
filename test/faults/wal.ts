import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { DatabaseSync } from '@photostructure/sqlite';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { assertIntact } from './audit.ts';
import type { Chance } from './chance.ts';
import type { History } from './history.ts';

const CUTS = 50;

/** Each of these finds nothing in a database whose transactions are whole. */
const TORN: Readonly<Record<string, string>> = {
  'selected predictions without a unit': `SELECT count(*) AS n FROM predictions
     WHERE is_selected = 1 AND id NOT IN (SELECT prediction_id FROM units)`,
  'units without a task or an entry that makes one': `SELECT count(*) AS n FROM units
     WHERE task_id IS NULL AND prediction_id NOT IN (SELECT prediction_id FROM outbox WHERE kind = 'create_task')`,
  'entries without a unit': `SELECT count(*) AS n FROM outbox
     WHERE kind = 'create_task' AND prediction_id NOT IN (SELECT prediction_id FROM units)`,
  'predictions that were not counted': `SELECT (SELECT count(*) FROM predictions)
     - (SELECT coalesce(sum(plain + low + disputed + both), 0) FROM arrivals) AS n`,
  'flags without a dispute': `SELECT count(*) AS n FROM feedback JOIN predictions ON predictions.id = prediction_id
     WHERE kind = 'flag' AND is_disputed = 0`,
};

/**
 * What a power cut may leave: the log of a killed program, cut at random bytes. Every copy opens, and holds whole
 * transactions only.
 */
export async function cutLog(database: string, chance: Chance, history: History): Promise<void> {
  const { size } = await stat(`${database}-wal`);
  assert.ok(size > 0, 'the killed program left no log to cut');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'truthloop-wal-'));
  const counts = new Set<number>();
  try {
    for (let cut = 0; cut < CUTS; cut += 1) {
      const copy = path.join(folder, `cut-${cut}.sqlite`);
      await copyFile(database, copy);
      await copyFile(`${database}-wal`, `${copy}-wal`);
      await truncate(`${copy}-wal`, chance.whole(0, size));
      const store = await openSqliteStore({ path: copy });
      await store.ping();
      await store.close();
      counts.add(assertIntact(copy));
      assertWhole(copy);
      history.figures.faults += 1;
      await rm(copy);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  assert.ok(counts.size > 1, 'no cut took anything away');
  history.note(`${CUTS} cuts of a log of ${size} bytes`);
}

function assertWhole(database: string): void {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    for (const [what, query] of Object.entries(TORN))
      assert.equal((db.prepare(query).get() as { n: number }).n, 0, what);
  } finally {
    db.close();
  }
}
