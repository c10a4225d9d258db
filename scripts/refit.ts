import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { readSummary, type Summary } from './dataset/manifest.ts';
import { runCommand, UsageError } from './records/run-command.ts';
import { DATA_PREP, fittingPython } from './refit/fitting-python.ts';
import { exitOnSignals } from './start/process.mjs';
import { StartError } from './start/start-error.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');

/** The fit's matrices are small: threads that wait for each other made it many times slower on a busy machine. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };

const HELP = `npm run refit -- EXPORT [options]

Refits the head of the demonstration model on a dataset (npm run export -- dataset), makes a model folder of it, and compares
it with the model in service on labelled photos that no fit has seen (npm run evaluate). The first time, it installs what the
fit needs (about 400 MB) into ~/.cache/truthloop.

  --out DIR          the model folder (default models/refitted)
  --exclude DATASET  handed to the evaluation: another dataset that a fit has seen; may be repeated
  --window WINDOW    handed to the evaluation (default 30d)
  --wheel FILE       the pinned wheel of the network, when it is already on disk
  --no-evaluation    only the model folder
`;

function readOptions(): Parameters<typeof refit>[0] {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: path.join('models', 'refitted') },
      exclude: { type: 'string', multiple: true, default: [] },
      window: { type: 'string', default: '30d' },
      wheel: { type: 'string' },
      'no-evaluation': { type: 'boolean', default: false },
    },
  });
  const [dataset, ...more] = positionals;
  if (dataset === undefined || more.length > 0)
    throw new UsageError('Name one dataset: npm run refit -- EXPORT');
  return { ...values, dataset, wheel: values.wheel, evaluate: !values['no-evaluation'] };
}

async function refit(options: {
  readonly dataset: string;
  readonly out: string;
  readonly exclude: readonly string[];
  readonly window: string;
  readonly wheel: string | undefined;
  readonly evaluate: boolean;
}): Promise<void> {
  const { dataset, out, wheel } = options;
  checkPhotos(dataset, await readSummary(dataset));
  if (existsSync(path.join(out, 'model.json')))
    throw new UsageError(`${out} holds a model already: name another folder with --out.`);
  const python = await fittingPython((words) => {
    process.stderr.write(`${words}\n`);
  });
  await runThrough(python, [
    ...[path.join(DATA_PREP, 'refit.py'), dataset, '--out', out],
    ...(wheel === undefined ? [] : ['--wheel', wheel]),
  ]);
  if (!options.evaluate) return;
  await runThrough(process.execPath, [
    ...['--import', 'tsx', path.join(ROOT, 'scripts', 'evaluate.ts')],
    ...['--model', out, '--window', options.window],
    ...[dataset, ...options.exclude].flatMap((place) => ['--exclude', place]),
  ]);
}

/** Before hundreds of megabytes are installed for it. How many photos a fit takes is told by data-prep/refit.py. */
function checkPhotos(dataset: string, { counts, has_images: hasImages }: Summary): void {
  if (!hasImages)
    throw new UsageError(`${dataset} has no images: export it without --manifest-only.`);
  if (counts['clean'] === undefined)
    throw new UsageError(
      `${dataset} has no verified photo to train with: let people label tasks first, then export again.`,
    );
}

/** Runs a program whose words go to the same place as ours. @throws StartError when it fails */
function runThrough(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, ...ONE_THREAD },
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new StartError(`${path.basename(args[0] ?? command)} ended with ${code ?? 'a signal'}.`),
        );
    });
  });
}

exitOnSignals();
await runCommand(HELP, () => refit(readOptions()));
