import process from 'node:process';
import { parseArgs } from 'node:util';

import type { Config } from '../../src/config/parse-config.ts';
import type { WindowName } from '../../src/domain/window.ts';
import { rollingWindow } from '../../src/domain/window.ts';
import { readDeployment } from '../../src/wire/deployment.ts';
import type { Records } from '../../src/wire/records.ts';
import { classFolders } from '../dataset/class-folders.ts';
import type { Summary } from '../dataset/manifest.ts';
import { updateDataset } from '../dataset/update-dataset.ts';
import { writeDataset } from '../dataset/write-dataset.ts';
import { loadConfig } from '../records/load-config.ts';
import { openCopy } from '../records/open-copy.ts';
import { createProgress } from '../records/progress.ts';
import { readWindow } from '../records/read-window.ts';
import { UsageError } from '../records/run-command.ts';

export const DATASET_HELP = `npm run export -- dataset --out DIR [options]
npm run export -- dataset --update DIR

Writes a training set from what people labelled; the program may run meanwhile.

  clean/CLASS/ID.jpg      labels on which annotators agreed
  noisy/CLASS/ID.jpg      users' corrections and confirmations, unverified
  holdout/CLASS/ID.jpg    with --hold-out: labelled ones of the random part, for evaluation only
  manifest.jsonl, .csv    one row an image: class, source of the label, the model's answer, probabilities, weight, digest
  label-studio.json       the same as tasks to import
  near-duplicates.jsonl, suspicious-labels.jsonl     what to look at before training
  dataset.json            counts, options, what was left out and why

"None of these" is never in it. The folder appears whole or not at all.

  --out DIR             a new folder
  --window WINDOW       predictions of the last 30d (default), 24h, 7d, ... or all
  --model-version V     only predictions of this version
  --hold-out            keep the random part, and copies of its pictures, out of training
  --with-model-answers  add the model's own answers, where nobody said anything, to noisy/
  --folders STYLE       index: class_00, class_01, ... in the model's order (default); names: bread, dairy-product, ...
  --manifest-only       no images
  --update DIR          take out of a dataset what was deleted since, images included
`;

interface Options {
  readonly out: string;
  readonly window: WindowName;
  readonly modelVersion: string | null;
  readonly holdOut: boolean;
  readonly withModelAnswers: boolean;
  readonly folders: 'index' | 'names';
  readonly manifestOnly: boolean;
}

/** `npm run export -- dataset`. @param args what follows the word */
export async function exportDataset(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      update: { type: 'string' },
      window: { type: 'string', default: '30d' },
      'model-version': { type: 'string' },
      'hold-out': { type: 'boolean', default: false },
      'with-model-answers': { type: 'boolean', default: false },
      folders: { type: 'string', default: 'index' },
      'manifest-only': { type: 'boolean', default: false },
    },
  });
  if (values.update !== undefined) return update(values.update);
  if (values.out === undefined) throw new UsageError('--out is missing: a folder to write to.');
  if (values.folders !== 'index' && values.folders !== 'names')
    throw new UsageError(`--folders ${values.folders}: expected index or names.`);
  return write({
    out: values.out,
    window: readWindow(values.window),
    modelVersion: values['model-version'] ?? null,
    holdOut: values['hold-out'],
    withModelAnswers: values['with-model-answers'],
    folders: values.folders,
    manifestOnly: values['manifest-only'],
  });
}

async function update(folder: string): Promise<void> {
  const records = await openCopy(loadConfig());
  try {
    const { store } = records;
    const { removed, summary } = await updateDataset(folder, store, Date.now(), createProgress());
    process.stdout.write(`${removed} removed from ${folder}\n${countsOf(summary)}`);
  } finally {
    await records.close();
  }
}

async function write(options: Options): Promise<void> {
  const config = loadConfig();
  const records = await openCopy(config);
  try {
    const summary = await writeFrom(config, records, options);
    process.stdout.write(`${options.out}\n${countsOf(summary)}${listsOf(summary)}`);
  } finally {
    await records.close();
  }
}

async function writeFrom(
  config: Config,
  { store, objects }: Records,
  options: Options,
): Promise<Summary> {
  const { classes } = await readDeployment(config);
  const versions = await store.modelVersions();
  const { modelVersion, holdOut, withModelAnswers } = options;
  if (modelVersion !== null && versions.every((known) => known.modelVersion !== modelVersion))
    throw new UsageError(
      `--model-version ${modelVersion}: there are ${versions.map((known) => known.modelVersion).join(', ') || 'none yet'}.`,
    );
  const now = Date.now();
  const firstAt = Math.min(now, ...versions.map((version) => version.firstAt));
  return writeDataset({
    out: options.out,
    store,
    objects: options.manifestOnly ? null : objects,
    // Reported predictions may lie a little ahead: the window ends with the newest one.
    window: { ...rollingWindow(options.window, now, firstAt), to: now + 3_600_000 },
    choice: { classes: new Set(classes), modelVersion, holdOut, withModelAnswers },
    folders: classFolders(classes, options.folders),
    now,
    progress: createProgress(),
  });
}

function countsOf({ counts, left_out: leftOut }: Summary): string {
  const parts = Object.entries(counts).map(([part, classes]) => {
    const total = Object.values(classes).reduce((sum, count) => sum + count, 0);
    return `  ${part.padEnd(10)} ${total} in ${Object.keys(classes).length} classes\n`;
  });
  const left = Object.entries(leftOut).map(
    ([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}`,
  );
  const none =
    parts.length === 0 ? ['  nothing: nobody has labelled a prediction of this time\n'] : [];
  return [
    ...parts,
    ...none,
    ...(left.length > 0 ? [`  left out   ${left.join(', ')}\n`] : []),
  ].join('');
}

const listsOf = (summary: Summary): string =>
  `  to look at ${summary.near_duplicates} near-duplicates, ${summary.suspicious_labels} suspicious labels\n`;
