import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Database } from '../../../src/adapters/sqlite/database.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';

describe('sqlite database', () => {
  let dir: string;
  let db: Database;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'truthloop-database-'));
    db = new Database(join(dir, 'a.sqlite'));
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE kept (name TEXT UNIQUE NOT NULL)');
  });
  afterEach(async () => {
    db.close();
    await rm(dir, { recursive: true });
  });

  const insert = (name: string) => (): number => db.run('INSERT INTO kept VALUES (?)', name);
  const names = (): Promise<string[]> =>
    db.read(() =>
      db.all<{ name: string }>('SELECT name FROM kept ORDER BY name').map(({ name }) => name),
    );

  it('what a write did before it failed is undone, and nothing else', async () => {
    const results = await Promise.allSettled([
      db.write(insert('a')),
      db.write(() => {
        insert('half')();
        throw new RangeError('midway');
      }),
      db.write(insert('b')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.ok(results[1].status === 'rejected' && results[1].reason instanceof RangeError);
    assert.deepEqual(await names(), ['a', 'b']);
  });

  it("a fault of the database is the store's fault, to be tried again", async () => {
    await db.write(insert('a'));
    await assert.rejects(db.write(insert('a')), StoreUnavailable);
    assert.deepEqual(await names(), ['a']);
  });

  it('a write that ends the whole transaction fails with all that shared it; the next one works', async () => {
    const results = await Promise.allSettled([
      db.write(insert('a')),
      db.write(() => {
        // As a full disk does.
        db.exec('ROLLBACK');
        throw new Error('full');
      }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await db.write(insert('b'));
    assert.deepEqual(await names(), ['b']);
  });

  it('a full disk says so, keeps what was committed, and is used again once there is room', async () => {
    await db.write(insert('a'));
    db.exec('PRAGMA max_page_count = 3');
    const large = 'x'.repeat(100_000);
    await assert.rejects(db.write(insert(large)), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /is full: free some space/);
      return true;
    });
    assert.deepEqual(await names(), ['a']);
    db.exec('PRAGMA max_page_count = 1000000');
    await db.write(insert(large));
    assert.equal((await names()).length, 2);
  });

  it('what waits when it is closed is committed first; what comes later is refused', async () => {
    const waiting = db.write(insert('a'));
    db.close();
    await waiting;
    await assert.rejects(db.write(insert('b')), StoreUnavailable);
    await assert.rejects(names(), StoreUnavailable);
    db = new Database(join(dir, 'a.sqlite'));
    assert.deepEqual(await names(), ['a']);
  });
});
