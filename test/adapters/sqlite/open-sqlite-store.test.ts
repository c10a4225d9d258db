import assert from 'node:assert/strict';
import { copyFile, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DatabaseSync } from '@photostructure/sqlite';

import { copyDatabase } from '../../../src/adapters/sqlite/copy-database.ts';
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open-sqlite-store.ts';
import { StoreUnusable } from '../../../src/domain/errors.ts';
import { modelVersion } from '../../../src/domain/ids.ts';
import { BATCH_KEPT_MS, POLICIES_MAX } from '../../../src/domain/selection.ts';
import { describeStore } from '../../contract/store.contract.ts';
import {
  agreed,
  annotation,
  commit,
  DAY,
  entriesOf,
  flag,
  NOON,
  pid,
  prediction,
  pull,
  pushTasks,
  takeLease,
  V1,
} from '../../contract/store/fixtures.ts';
import { startWriter } from './start-writer.ts';

const PAST = {
  ...{ asOf: NOON, accuracy: 0.1 + 0.2, lower: 0.1, upper: 0.5, naive: null },
  ...{ labels: 7, maturity: 0.75, reliable: true },
};

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'truthloop-sqlite-'));

describeStore('sqlite', async () => {
  const dir = await temporaryFolder();
  const path = join(dir, 'truthloop.sqlite');
  const store = await openSqliteStore({ path });
  return {
    store,
    restart: async () => {
      await store.close();
      return openSqliteStore({ path });
    },
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});

describe('sqlite store file', () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await temporaryFolder();
    path = join(dir, 'truthloop.sqlite');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const refusal = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof StoreUnusable, String(error));
    assert.match(error.message, pattern);
    assert.ok(error.message.includes(path));
    return true;
  };

  async function filled(): Promise<void> {
    const store = await openSqliteStore({ path });
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => store.recordPrediction(prediction(`p${index}`))),
    );
    await store.close();
  }

  it('a second store on the same file is refused while the first is open', async () => {
    const store = await openSqliteStore({ path });
    await assert.rejects(openSqliteStore({ path }), refusal(/Another process.*STORE=redis/s));
    await store.recordPrediction(prediction('a'));
    await store.close();
    await (await openSqliteStore({ path })).close();
  });

  it('another process is refused too, and a killed one leaves no lock and loses nothing that it acknowledged', async () => {
    const writer = await startWriter(path);
    await assert.rejects(openSqliteStore({ path }), refusal(/Another process/));
    await writer.acknowledged(50);
    const acknowledged = await writer.kill();
    const store = await openSqliteStore({ path });
    for (const id of acknowledged) assert.ok(await store.findPrediction(pid(id)), `${id} is lost`);
    await store.close();
    assert.equal(integrity(path), 'ok');
  }).timeout(30_000);

  it('a file that is no database is named and left as it is', async () => {
    const bytes = Buffer.alloc(20_000, 'not a database');
    await writeFile(path, bytes);
    await assert.rejects(openSqliteStore({ path }), refusal(/damaged.*restore a backup/s));
    assert.deepEqual(await readFile(path), bytes);
  });

  it('a database with damaged pages is named when they are met, and never written over', async () => {
    await filled();
    const { size } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(size, 0xff), 0, size - 8192, 8192);
    await file.close();
    const damaged = await readFile(path);
    await assert.rejects(
      async () => {
        const store = await openSqliteStore({ path });
        try {
          await store.recordPrediction(prediction('new'));
        } finally {
          await store.close();
        }
      },
      refusal(/damaged/),
    );
    assert.deepEqual(await readFile(path), damaged);
  });

  it('a database that a newer program wrote is refused', async () => {
    await filled();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 999');
    db.close();
    await assert.rejects(openSqliteStore({ path }), refusal(/newer program.*999/s));
  });

  it('a database of an earlier form keeps its records, and its tasks are found by their content', async () => {
    const before = await openSqliteStore({ path });
    const bench = { store: before, fence: await takeLease(before) };
    await pushTasks(bench, ['old'], { contentDigest: 'photo' });
    await pull(bench, 'old', [annotation(1, 'Rice')], agreed('Rice'));
    const known = await before.units(V1, 0, NOON + DAY, NOON);
    await before.close();
    const older = join(dir, 'older.sqlite');
    inForm(2, path, older);

    const store = await openSqliteStore({ path: older });
    assert.deepEqual(await store.units(V1, 0, NOON + DAY, NOON), known);
    await store.recordPrediction(prediction('new', { contentDigest: 'photo' }));
    const fence = await takeLease(store);
    await commit({ store, fence }, await store.candidates(NOON + DAY), () => ({}), NOON, true);
    assert.deepEqual(await entriesOf(store), []);
    assert.equal((await store.findTask(pid('new')))?.predictionId, 'old');
    await store.close();
  });

  it('a history that was kept whole keeps what is drawn of it', async () => {
    const older = join(dir, 'older.sqlite');
    await (await openSqliteStore({ path })).close();
    inForm(5, path, older);
    const whole = { ...PAST, modelVersion: V1, window: '7d', predictions: 9, classes: [] };
    const db = new DatabaseSync(older);
    db.prepare('INSERT INTO estimates VALUES (?, ?, ?, ?)').run(
      ...[V1, '7d', NOON, JSON.stringify(whole)],
    );
    db.close();
    const store = await openSqliteStore({ path: older });
    assert.deepEqual(await store.estimateHistory(V1, '7d', 0, NOON + 1), [PAST]);
    await store.close();
  });

  it('a database of before there were second models takes their answers, and a copy has them', async () => {
    const before = await openSqliteStore({ path });
    await pushTasks({ store: before, fence: await takeLease(before) }, ['old', 'flagged']);
    await before.giveFeedback(flag('flagged'), DAY);
    await before.close();
    const older = join(dir, 'older.sqlite');
    inForm(6, path, older);

    const store = await openSqliteStore({ path: older });
    const second = modelVersion('second');
    for (const id of ['old', 'flagged'])
      await store.recordShadowAnswer(
        {
          ...{ id: pid(id), modelVersion: second, predictedClass: 'Rice' },
          confidence: 0.5,
          at: NOON,
        },
        DAY,
      );
    const copied = join(dir, 'copy.sqlite');
    copyDatabase(older, copied);
    await store.close();

    const copy = await openSqliteStore({ path: copied });
    const pair = { served: V1, other: second };
    assert.deepEqual(await copy.pairCounts(pair, NOON, NOON + 1), { answered: 2, differ: 2 });
    assert.equal((await copy.differingUnits(pair, NOON, NOON + 1, 0)).length, 2);
    assert.equal((await copy.findPrediction(pid('old')))?.shadowAnswer?.predictedClass, 'Rice');
    assert.deepEqual(
      (await copy.candidates(0)).map(({ disputedBy }) => disputedBy),
      ['model', 'person'],
    );
    await copy.close();
  });

  it("another program's database is refused", async () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    await assert.rejects(openSqliteStore({ path }), refusal(/another program.*theirs/s));
  });

  it('a write-ahead log cut at any byte loses at most the newest writes, and never a part of one', async () => {
    const store = await openSqliteStore({ path });
    for (let index = 0; index < 30; index += 1)
      await store.recordPrediction(prediction(`p${index}`));

    const { size } = await stat(`${path}-wal`);
    for (let cut = 0; cut < 50; cut += 1) {
      const copy = join(dir, `copy-${cut}.sqlite`);
      await copyFile(path, copy);
      await copyFile(`${path}-wal`, `${copy}-wal`);
      await truncate(`${copy}-wal`, Math.floor((size * (cut * 0.6180339887 + 0.01)) % size));
      const cutStore = await openSqliteStore({ path: copy });
      const candidates = await cutStore.candidates(NOON + 1);
      const [arrivals] = await cutStore.arrivals(NOON, NOON + 1);
      assert.equal(arrivals?.byPattern[0] ?? 0, candidates.length);
      assert.deepEqual(
        candidates.map(({ predictionId }) => predictionId),
        candidates.map((_, index) => `p${index}`),
      );
      await cutStore.close();
      assert.equal(integrity(copy), 'ok');
    }
    await store.close();
  }).timeout(60_000);

  it('one write that fails is undone alone; those that shared its commit stay', async () => {
    const store = await openSqliteStore({ path });
    await takeLease(store);
    const stale = { lease: 'sync', token: 0 };
    const results = await Promise.allSettled([
      store.recordPrediction(prediction('a')),
      store.setProjectId('random', 1, stale),
      store.recordPrediction(prediction('b')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await store.candidates(NOON + 1)).length, 2);
    await store.close();
  });

  it('old policies and batches go as in Redis, few at a time; the policy in force and a batch of a month ago stay', async () => {
    await (await openSqliteStore({ path })).close();
    const db = new DatabaseSync(path);
    const counted = (table: string): number =>
      (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    const numbers = (count: number): string =>
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
    const [policies, old] = [POLICIES_MAX + 150, NOON - BATCH_KEPT_MS - 1000];
    db.exec(`${numbers(policies)} INSERT INTO policies (id, made_at, body)
      SELECT 'policy-' || i, ${NOON} - ${policies} + i, json_object('id', 'policy-' || i) FROM n`);
    db.exec(
      `${numbers(150)} INSERT INTO batches SELECT 'old-' || i, ${old} + i, 1, 0, 0, 0, 0 FROM n`,
    );
    db.exec(`INSERT INTO batches VALUES ('lately', ${NOON - 30 * DAY}, 1, 0, 0, 0, 0)`);

    const store = await openSqliteStore({ path });
    const bench = { store, fence: await takeLease(store) };
    const older = { ...(await store.currentPolicy())!, madeAt: NOON - 1 };
    const left = [];
    for (const round of [1, 2, 3]) {
      await store.savePolicy({ ...older, id: `older-${round}` }, bench.fence);
      await commit(bench, [], () => ({}), NOON);
      left.push([counted('policies') - POLICIES_MAX, counted('batches')]);
    }
    assert.deepEqual(left, [
      [51, 52],
      [0, 3],
      [0, 4],
    ]);
    assert.equal((await store.currentPolicy())?.id, `policy-${policies}`);
    const first = db.prepare('SELECT id FROM batches ORDER BY decided_at').get() as { id: string };
    assert.equal(first.id, 'lately');
    db.close();
    await store.close();
  });

  it('keeps every reading of an annotation, and a tombstone for one that is gone', async () => {
    const store = await openSqliteStore({ path });
    const bench = { store, fence: await takeLease(store) };
    await pushTasks(bench, ['a']);
    await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
    await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
    await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
    await pull(bench, 'a', [], { kind: 'pending' });
    await store.close();
    const db = new DatabaseSync(path, { readOnly: true });
    const history = db.prepare('SELECT annotation FROM annotation_history ORDER BY number').all();
    db.close();
    assert.deepEqual(
      (history as { annotation: string | null }[]).map((row) =>
        row.annotation === null
          ? null
          : (JSON.parse(row.annotation) as { answer: { trueClass: string } }).answer.trueClass,
      ),
      ['Soup', 'Rice', null],
    );
  });
});

/** Copies what is there into a database of an earlier form. */
function inForm(form: number, from: string, to: string): void {
  const db = new DatabaseSync(to);
  try {
    for (const sql of MIGRATIONS.slice(0, form)) db.exec(sql);
    db.exec(`ATTACH '${from}' AS newer; PRAGMA user_version = ${form}`);
    const tables = db.prepare(`SELECT name FROM main.sqlite_schema WHERE type = 'table'`).all();
    for (const { name } of tables as { name: string }[]) {
      const columns = (db.prepare(`PRAGMA main.table_info(${name})`).all() as { name: string }[])
        .map((column) => column.name)
        .join();
      db.exec(`INSERT INTO main.${name} (${columns}) SELECT ${columns} FROM newer.${name}`);
    }
  } finally {
    db.close();
  }
}

function integrity(path: string): unknown {
  const db = new DatabaseSync(path);
  try {
    return (db.prepare('PRAGMA integrity_check').get() as { integrity_check: unknown })
      .integrity_check;
  } finally {
    db.close();
  }
}
