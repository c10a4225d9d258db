import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { type ModelFolder, readModelFolder } from '../src/adapters/onnx/model-folder.ts';
import { uploadLimits } from '../src/config/upload-limits.ts';
import type { ModelVersion } from '../src/domain/ids.ts';
import { NONE_OF_THESE } from '../src/domain/prediction.ts';
import { rollingWindow } from '../src/domain/window.ts';
import type { Records } from '../src/wire/records.ts';
import { answerLabels } from './evaluate/answer-labels.ts';
import { compareOnLabels, type Comparison } from './evaluate/compare.ts';
import { comparisonText } from './evaluate/print-comparison.ts';
import { readSeenPhotos } from './evaluate/seen-photos.ts';
import { loadConfig } from './records/load-config.ts';
import { openCopy } from './records/open-copy.ts';
import { createProgress } from './records/progress.ts';
import { readWindow } from './records/read-window.ts';
import { runCommand, UsageError } from './records/run-command.ts';
import { exitOnSignals } from './start/process.mjs';

const HELP = `npm run evaluate -- --model DIR [options]

Runs a candidate model over the predictions that people labelled and compares it with the model in service: weighted accuracy
with its 95 % interval, the difference on the same photos, each class, and a verdict. The program may run meanwhile.

  --model DIR          the candidate: a folder with model.json and its ONNX file
  --against VERSION    the model in service; default: the version that answered last
  --window WINDOW      predictions of the last 30d (default), 24h, 7d, ... or all
  --exclude DATASET    leave out photos that this dataset trained with, and near-duplicates of them; may be repeated. What the
                       candidate was fitted on is left out by itself where its folder says so (fitted-on.jsonl)
  --json               for programs

Give --exclude for every dataset that the candidate or the model in service was fitted on: photos that a fit has seen flatter it.
`;
const DAY_MS = 86_400_000;

interface Options {
  readonly model: string;
  readonly against: string | undefined;
  readonly window: ReturnType<typeof readWindow>;
  readonly exclude: readonly string[];
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      against: { type: 'string' },
      window: { type: 'string', default: '30d' },
      exclude: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.model === undefined)
    throw new UsageError('--model is missing: the folder of a candidate.');
  return {
    ...values,
    model: values.model,
    against: values.against,
    window: readWindow(values.window),
  };
}

async function evaluate(options: Options): Promise<void> {
  if (!existsSync(path.join(options.model, 'model.json')))
    throw new UsageError(
      `--model ${options.model}: expected a folder with a model.json and its ONNX file (npm run refit makes one).`,
    );
  const model = await readModelFolder(options.model);
  const fittedOn = path.join(options.model, 'fitted-on.jsonl');
  const seen = await readSeenPhotos([
    ...options.exclude,
    ...(existsSync(fittedOn) ? [fittedOn] : []),
  ]);
  const config = loadConfig();
  const records = await openCopy(config);
  try {
    const version = await versionInService(records, options.against);
    const window = rollingWindow(options.window, Date.now(), version.firstAt);
    const tiesBefore = Date.now() - config.LABEL_SLA_DAYS * DAY_MS;
    const units = await records.store.units(
      version.modelVersion,
      window.from,
      window.to,
      tiesBefore,
    );
    const labelled = units.filter(({ outcome }) => outcome.state === 'labelled');
    const named = classesNamed(labelled);
    checkClasses(model, named);
    const answers = await answerLabels(
      {
        ...{ model, records, seen, progress: createProgress() },
        workers: config.CLASSIFIER_WORKERS ?? availableParallelism(),
        limits: uploadLimits(config),
      },
      labelled,
    );
    const answerOf = new Map(
      labelled.flatMap(({ predictionId }, index) => {
        const answer = answers[index];
        return answer === undefined ? [] : [[predictionId, answer] as const];
      }),
    );
    const comparison = compareOnLabels(
      units,
      answerOf,
      [...new Set([...model.classes, ...named])],
      window,
    );
    const names = { candidate: model.version, service: version.modelVersion };
    print(comparison, { ...names, window: options.window }, options.json);
  } finally {
    await records.close();
  }
}

type Version = { readonly modelVersion: ModelVersion; readonly firstAt: number };

async function versionInService({ store }: Records, against: string | undefined): Promise<Version> {
  const versions = await store.modelVersions();
  const found = versions.find(
    ({ modelVersion }) => against === undefined || modelVersion === against,
  );
  if (found !== undefined) return found;
  const known = versions.map(({ modelVersion }) => modelVersion).join(', ');
  throw new UsageError(
    versions.length === 0
      ? 'No prediction is recorded yet: there is nothing to compare on.'
      : `--against ${against ?? ''}: there are ${known}.`,
  );
}

/** What people said that labelled predictions are. */
const classesNamed = (
  labelled: Awaited<ReturnType<Records['store']['units']>>,
): ReadonlySet<string> =>
  new Set(
    labelled.flatMap(({ outcome }) =>
      outcome.state === 'labelled' ? Object.keys(outcome.shares) : [],
    ),
  );

/** A candidate that knows none of the classes is one of another task, or names them otherwise: no comparison would tell. */
function checkClasses({ version, classes }: ModelFolder, named: ReadonlySet<string>): void {
  const unknown = [...named].filter((name) => name !== NONE_OF_THESE && !classes.includes(name));
  if (unknown.length === 0) return;
  if ([...named].every((name) => !classes.includes(name)))
    throw new UsageError(
      `${version} answers none of the classes that people named: it has ${classes.join(', ')}; they named ${unknown.join(', ')}. Name the classes in its model.json as they are named here.`,
    );
  process.stderr.write(
    `${version} does not know ${unknown.join(', ')}: of photos that show them it gets none right.\n`,
  );
}

function print(
  comparison: Comparison,
  names: Parameters<typeof comparisonText>[1],
  isJson: boolean,
): void {
  process.stdout.write(
    isJson ? `${JSON.stringify({ ...names, ...comparison })}\n` : comparisonText(comparison, names),
  );
}

exitOnSignals();
await runCommand(HELP, () => evaluate(readOptions()));
