import { benchClassifier } from './classifier.ts';
import { benchDataset } from './dataset.ts';
import { benchDrift } from './drift.ts';
import { benchEstimate } from './estimate.ts';
import { benchIngest } from './ingest.ts';
import { benchOverload } from './overload.ts';
import { benchPages } from './pages.ts';
import { benchShadow } from './shadow.ts';
import { benchStore } from './store.ts';

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  classifier: benchClassifier,
  dataset: benchDataset,
  drift: benchDrift,
  estimate: benchEstimate,
  ingest: benchIngest,
  overload: benchOverload,
  pages: benchPages,
  shadow: benchShadow,
  store: benchStore,
};

const HELP = `npm run bench -- NAME

Measures on this machine, now, and prints a table for docs/performance.md. NAME is one of: ${Object.keys(BENCHES).join(', ')}.`;

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (name === '--help' || name === '-h') console.log(HELP);
else if (bench === undefined) {
  console.error(name === '' ? HELP : `${name} is no bench.\n\n${HELP}`);
  process.exitCode = 2;
} else await bench();
