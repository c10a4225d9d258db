import { benchClassifier } from './classifier.ts';
import { benchDrift } from './drift.ts';
import { benchEstimate } from './estimate.ts';
import { benchIngest } from './ingest.ts';
import { benchOverload } from './overload.ts';
import { benchPages } from './pages.ts';
import { benchStore } from './store.ts';

/** `npm run bench -- NAME`: measures on this machine, now, and prints a table for docs/performance.md. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  classifier: benchClassifier,
  drift: benchDrift,
  estimate: benchEstimate,
  ingest: benchIngest,
  overload: benchOverload,
  pages: benchPages,
  store: benchStore,
};

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`npm run bench -- NAME, where NAME is one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 1;
} else await bench();
