import { StoreUnusable } from '../../domain/errors.ts';
import type { Findings } from '../../domain/findings.ts';
import type { RunStore, SyncRun } from '../../ports/store/run-store.ts';
import type { Database } from './database.ts';
import { fenced } from './fence.ts';

/** Finished runs that are kept. */
const RUNS_MAX = 20_000;

interface LeaseRow {
  readonly holder: string | null;
  readonly token: number;
  readonly expires_at: number;
}

export const runStore = (db: Database): RunStore => ({
  saveRun: (run) =>
    db.write(() => {
      const number = db.get<{ number: number }>(
        `INSERT INTO runs (id, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body
         RETURNING number`,
        ...[run.id, JSON.stringify(run)],
      )?.number;
      db.run('DELETE FROM runs WHERE number <= ?', (number ?? 0) - RUNS_MAX);
    }),
  findRun: (id) =>
    db.read(() => {
      const row = db.get<{ body: string }>('SELECT body FROM runs WHERE id = ?', id);
      return row === null ? null : (JSON.parse(row.body) as SyncRun);
    }),
  lastRuns: (limit) =>
    db.read(() =>
      db
        .all<{ body: string }>('SELECT body FROM runs ORDER BY number DESC LIMIT ?', limit)
        .map(({ body }) => JSON.parse(body) as SyncRun),
    ),
  acquireLease: (lease, holder, now, ttlMs) =>
    db.write(() => {
      const held = db.get<LeaseRow>('SELECT * FROM leases WHERE lease = ?', lease);
      const isOurs = held?.holder === holder;
      if (held !== null && held.holder !== null && !isOurs && held.expires_at > now) return null;
      const token = isOurs ? held.token : (held?.token ?? 0) + 1;
      db.run(
        'INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)',
        lease,
        holder,
        token,
        now + ttlMs,
      );
      return { lease, token };
    }),
  releaseLease: (fence) =>
    db.write(() => {
      db.run(
        'UPDATE leases SET holder = NULL WHERE lease = ? AND token = ?',
        ...[fence.lease, fence.token],
      );
    }),
  finding: <Name extends keyof Findings>(name: Name) =>
    db.read(() => {
      const row = db.get<{ body: string }>('SELECT body FROM findings WHERE name = ?', name);
      return row === null ? null : (JSON.parse(row.body) as Findings[Name]);
    }),
  saveFinding: (name, finding, fence) =>
    fenced(db, fence, () => {
      db.run('INSERT OR REPLACE INTO findings VALUES (?, ?)', name, JSON.stringify(finding));
    }),
  holdFingerprint: (name, fingerprint) =>
    db.write(() => {
      const known = db.get<{ fingerprint: string }>(
        `INSERT INTO fingerprints VALUES (?, ?) ON CONFLICT DO UPDATE SET name = name
         RETURNING fingerprint`,
        ...[name, fingerprint],
      )?.fingerprint;
      if (known === fingerprint) return;
      throw new StoreUnusable(
        `${db.path} belongs to another ${name} (its fingerprint is ${known ?? 'missing'}, not ${fingerprint}): set the one that these records began with, or choose another DATA_DIR`,
      );
    }),
});
