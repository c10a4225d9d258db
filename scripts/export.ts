import process from 'node:process';

import { DATASET_HELP, exportDataset } from './export/dataset.ts';
import { exportOpenMetrics, OPENMETRICS_HELP } from './export/openmetrics.ts';
import { runCommand, UsageError } from './records/run-command.ts';
import { exitOnSignals } from './start/process.mjs';

const EXPORTS = {
  dataset: { help: DATASET_HELP, run: exportDataset },
  openmetrics: { help: OPENMETRICS_HELP, run: exportOpenMetrics },
} as const;

const [word = '', ...args] = process.argv.slice(2);
const chosen = word in EXPORTS ? EXPORTS[word as keyof typeof EXPORTS] : null;

exitOnSignals();
await runCommand(chosen?.help ?? `${DATASET_HELP}\n${OPENMETRICS_HELP}`, async () => {
  if (chosen === null) throw new UsageError('Say what to export: dataset or openmetrics.');
  await chosen.run(args);
});
