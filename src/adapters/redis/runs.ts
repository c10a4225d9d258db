import { StoreUnusable } from '../../domain/errors.ts';
import type { Findings } from '../../domain/findings.ts';
import type { RunStore, SyncRun } from '../../ports/store/run-store.ts';
import type { Connection } from './connection.ts';
import { fenceKey, parseDocument, transact } from './transaction.ts';

/** Finished runs that are kept. */
const RUNS_MAX = 20_000;

interface Lease {
  readonly holder: string | null;
  readonly token: number;
  readonly expiresAt: number;
}

export const runStore = (connection: Connection): RunStore => ({
  saveRun: (run) => saveRun(connection, run),
  findRun: async (id) => parseDocument<SyncRun>(await connection.get(runKey(connection, id))),
  lastRuns: async (limit) => {
    const ids = (await connection.call(
      'ZREVRANGE',
      ...[connection.key('runs'), 0, limit - 1],
    )) as string[];
    const runs = await connection.getAll(ids.map((id) => runKey(connection, id)));
    return runs.flatMap((text) => parseDocument<SyncRun>(text) ?? []);
  },
  acquireLease: (lease, holder, now, ttlMs) =>
    transact(connection, null, async (transaction) => {
      const key = connection.key('lease', lease);
      const held = await transaction.readDocument<Lease>(key);
      const isOurs = held?.holder === holder;
      if (held !== null && held.holder !== null && !isOurs && held.expiresAt > now) return null;
      const token = isOurs ? held.token : (held?.token ?? 0) + 1;
      transaction.write(key, JSON.stringify({ holder, token, expiresAt: now + ttlMs }));
      transaction.write(fenceKey(connection, lease), String(token));
      return { lease, token };
    }),
  releaseLease: (fence) =>
    transact(connection, null, async (transaction) => {
      const key = connection.key('lease', fence.lease);
      const held = await transaction.readDocument<Lease>(key);
      if (held?.token !== fence.token) return;
      transaction.write(key, JSON.stringify({ ...held, holder: null }));
      transaction.write(fenceKey(connection, fence.lease), null);
    }),
  finding: async <Name extends keyof Findings>(name: Name) =>
    parseDocument<Findings[Name]>(await connection.get(connection.key('finding', name))),
  saveFinding: (name, finding, fence) =>
    transact(connection, fence, (transaction) => {
      transaction.write(connection.key('finding', name), JSON.stringify(finding));
      return Promise.resolve();
    }),
  holdFingerprint: (name, fingerprint) =>
    transact(connection, null, async (transaction) => {
      const key = connection.key('fingerprint', name);
      const known = await transaction.read(key);
      if (known === null) transaction.write(key, fingerprint);
      else if (known !== fingerprint)
        throw new StoreUnusable(
          `The records in Redis at ${connection.place} belong to another ${name} (its fingerprint is ${known}, not ${fingerprint}): set the one that they began with, or use another Redis`,
        );
    }),
});

const runKey = (connection: Connection, id: string): string => connection.key('run', id);

const saveRun = (connection: Connection, run: SyncRun): Promise<void> =>
  transact(connection, null, async (transaction) => {
    const isKnown = (await transaction.read(runKey(connection, run.id))) !== null;
    transaction.write(runKey(connection, run.id), JSON.stringify(run));
    if (isKnown) return;
    const runs = connection.key('runs');
    transaction.command('ZADD', runs, await connection.next('runs-next'), run.id);
    const old = (await connection.call('ZRANGE', runs, 0, -RUNS_MAX)) as string[];
    for (const id of old) {
      transaction.command('ZREM', runs, id);
      transaction.write(runKey(connection, id), null);
    }
  });
