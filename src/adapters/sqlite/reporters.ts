import type { ReporterStore } from '../../ports/store/reporter-store.ts';
import type { Database } from './database.ts';

interface Row {
  readonly name: string;
  readonly key_digest: string;
  readonly made_at: number;
}

export const reporterStore = (db: Database): ReporterStore => ({
  addReporter: ({ name, keyDigest, madeAt }) =>
    db.write(
      () =>
        db.run(
          'INSERT INTO reporters VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          name,
          keyDigest,
          madeAt,
        ) > 0,
    ),
  reporters: () =>
    db.read(() =>
      db
        .all<Row>('SELECT * FROM reporters ORDER BY name')
        .map((row) => ({ name: row.name, keyDigest: row.key_digest, madeAt: row.made_at })),
    ),
  removeReporter: (name) =>
    db.write(() => db.run('DELETE FROM reporters WHERE name = ?', name) > 0),
});
