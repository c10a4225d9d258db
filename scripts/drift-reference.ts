import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { InferencePool } from '../src/adapters/onnx/inference-pool.ts';
import { type ModelFolder, readModelFolder } from '../src/adapters/onnx/model-folder.ts';
import { normaliseImage } from '../src/adapters/sharp/normalise-image.ts';
import { createLog } from '../src/adapters/system/create-log.ts';
import { systemRandom } from '../src/adapters/system/system-random.ts';
import { writeDriftReference } from '../src/classifier/drift/drift-reference.ts';
import type { DriftRow } from '../src/classifier/drift/drift-sample.ts';
import { softmax } from '../src/classify/softmax.ts';
import { topClass } from '../src/classify/top-class.ts';
import { dataDirOf } from '../src/config/data-dir.ts';
import { type Config, parseConfig } from '../src/config/parse-config.ts';
import { withDotEnv, withSecrets } from '../src/config/secrets-file.ts';
import { uploadLimits } from '../src/config/upload-limits.ts';
import { AppError, UploadRejected } from '../src/domain/errors.ts';
import { objectKey } from '../src/domain/ids.ts';
import { driftReferencePath } from '../src/wire/drift-reference-path.ts';
import { openObjects } from '../src/wire/records.ts';
import { createChance } from './simulate/chance.ts';

const HELP = `npm run drift-reference -- --photos DIR [options]
npm run drift-reference -- --from DAY --to DAY [options]

Makes the reference that drift detection compares production with, by the model in MODEL_DIR. Restart the classifier
afterwards. Without a reference it learns one from its first 500 predictions.

  --photos DIR    folder with photos as they should look, folders in it included (.jpg, .jpeg, .png, .webp)
  --from, --to    UTC days such as 2026-11-01: the images recorded from the first, before the second; choose a time
                  whose labels are in and whose accuracy you trust
  --rows NUMBER   photos that are taken at most, drawn at random (default 500, the most that a comparison uses)
  --out FILE      default: DRIFT_REFERENCE, else drift-reference.json in DATA_DIR
  --seed NUMBER   the same seed draws the same photos (default 1)
  --help
`;

const ROWS_MAX = 500;
const ROWS_MIN = 10;
/** Fewer than this, and only large changes can be told from chance. */
const ROWS_FEW = 200;
const PROGRESS_MS = 2000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** One photo by its name; its bytes are read when its turn comes. */
interface Source {
  readonly name: string;
  read(): Promise<Buffer | null> | Buffer;
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface Wanted {
  readonly photos: string | null;
  readonly from: string;
  readonly to: string;
  readonly rows: number;
  readonly out: string | null;
  readonly seed: number;
}

/** @returns null when only help is wanted */
function readWanted(): Wanted | null {
  const { values } = parseArgs({
    options: {
      photos: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      rows: { type: 'string', default: String(ROWS_MAX) },
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { photos, from = '', to = '' } = values;
  const hasWindow = DAY.test(from) && DAY.test(to) && from < to;
  if (photos === undefined ? !hasWindow : from !== '' || to !== '')
    throw new Error(
      'Say where the photos are: --photos DIR, or --from DAY --to DAY (a later one).',
    );
  const rows = Number(values.rows);
  if (!Number.isInteger(rows) || rows < ROWS_MIN || rows > ROWS_MAX)
    throw new Error(
      `--rows ${values.rows}: expected a whole number from ${ROWS_MIN} to ${ROWS_MAX}.`,
    );
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed))
    throw new Error(`--seed ${values.seed}: expected a whole number.`);
  return { photos: photos ?? null, from, to, rows, out: values.out ?? null, seed };
}

function readConfig(): Config {
  const env = withDotEnv(process.env, path.resolve('.env'));
  return parseConfig(
    withSecrets(env, dataDirOf(env), (message) => process.stderr.write(`${message}\n`)),
  );
}

function photosIn(folder: string): Source[] {
  if (!existsSync(folder)) throw new Error(`--photos ${folder}: there is no such folder.`);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .sort()
    .map((name) => ({ name, read: () => readFileSync(path.join(folder, name)) }));
}

/** Images are kept under the day on which they were recorded. */
async function imagesRecorded(
  objects: Awaited<ReturnType<typeof openObjects>>,
  from: string,
  to: string,
): Promise<Source[]> {
  const sources: Source[] = [];
  for await (const { key } of objects.list()) {
    const day = /^images\/(\d{4}-\d{2}-\d{2})\//.exec(key)?.[1];
    if (day !== undefined && day >= from && day < to)
      sources.push({ name: key, read: () => objects.get(objectKey(key)) });
  }
  return sources.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function drawn(sources: readonly Source[], rows: number, seed: number): readonly Source[] {
  const chance = createChance(seed);
  return sources
    .map((source) => ({ source, at: chance.uniform() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, rows)
    .map(({ source }) => source);
}

/** Each photo as production would have seen it: re-encoded as an upload is, then classified. */
async function classifyAll(
  sources: readonly Source[],
  model: ModelFolder,
  config: Config,
): Promise<DriftRow[]> {
  const limits = uploadLimits(config);
  const workers = config.CLASSIFIER_WORKERS ?? availableParallelism();
  const pool = await InferencePool.start({
    ...{ model, limits, workers, queueLimit: workers, deadlineMs: 60_000 },
    ...{ log: createLog('silent'), random: systemRandom },
  });
  const rows: DriftRow[] = [];
  const left = [...sources];
  let saidAt = Date.now();
  const work = async (): Promise<void> => {
    for (let source = left.shift(); source !== undefined; source = left.shift()) {
      const row = await rowOf(source, pool, model, limits);
      if (row !== null) rows.push(row);
      if (Date.now() - saidAt > PROGRESS_MS) {
        saidAt = Date.now();
        say(`${sources.length - left.length} of ${sources.length} photos`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    await pool.stop();
  }
  return rows;
}

async function rowOf(
  source: Source,
  pool: InferencePool,
  model: ModelFolder,
  limits: Parameters<typeof normaliseImage>[1],
): Promise<DriftRow | null> {
  try {
    const bytes = await source.read();
    if (bytes === null) return null;
    const { logits, embedding } = await pool.run((await normaliseImage(bytes, limits)).jpeg);
    const answer = topClass(softmax(logits), model.classes);
    return { ...answer, embedding: embedding === null ? null : Array.from(embedding) };
  } catch (error) {
    if (!(error instanceof UploadRejected)) throw error;
    say(`left out ${source.name}: ${error.message}`);
    return null;
  }
}

function describe(rows: readonly DriftRow[], classes: readonly string[]): string {
  const mean = rows.reduce((sum, { confidence }) => sum + confidence, 0) / rows.length;
  const mix = classes
    .map((name) => [name, rows.filter(({ predictedClass }) => predictedClass === name).length])
    .map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`);
  return [
    `${rows.length} photos, mean confidence ${mean.toFixed(3)}, by predicted class:`,
    ...mix,
  ].join('\n');
}

async function main(): Promise<void> {
  const wanted = readWanted();
  if (wanted === null) {
    process.stdout.write(HELP);
    return;
  }
  const config = readConfig();
  const model = await readModelFolder(config.MODEL_DIR);
  const objects = wanted.photos === null ? await openObjects(config) : null;
  const sources =
    objects === null
      ? photosIn(wanted.photos ?? '')
      : await imagesRecorded(objects, wanted.from, wanted.to);
  const where = wanted.photos ?? `what was recorded from ${wanted.from} to ${wanted.to}`;
  say(`${sources.length} photos in ${where}; ${Math.min(sources.length, wanted.rows)} are taken`);
  const rows = await classifyAll(drawn(sources, wanted.rows, wanted.seed), model, config);
  await objects?.close();
  if (rows.length < ROWS_MIN)
    throw new Error(`${rows.length} usable photos in ${where}: at least ${ROWS_MIN} are needed.`);
  const out = wanted.out ?? driftReferencePath(config);
  await writeDriftReference(out, { modelVersion: model.version, rows });
  say(describe(rows, model.classes));
  if (rows.length < ROWS_FEW) say(`Fewer than ${ROWS_FEW}: only large changes will be seen.`);
  say(`Written to ${out}, for model ${model.version}. Restart the classifier to use it.`);
}

main().catch((error: unknown) => {
  const isUsage = !(error instanceof AppError);
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${HELP}` : ''}`);
  process.exitCode = 1;
});
