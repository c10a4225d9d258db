import { openSqliteStore } from '../../../src/adapters/sqlite/open-sqlite-store.ts';
import { prediction } from '../../contract/store/fixtures.ts';

const store = await openSqliteStore({ path: process.argv[2] ?? '' });
for (let index = 0; ; index += 4) {
  const batch = [0, 1, 2, 3].map((offset) =>
    store.recordPrediction(prediction(`p${index + offset}`)),
  );
  for (const { id } of await Promise.all(batch)) process.stdout.write(`${id}\n`);
}
