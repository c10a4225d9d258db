import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { HOSTILE_IMAGES } from '../test/fixtures/hostile-images.ts';
import { type Measured, startMeasured } from '../test/http/start-measured.ts';
import { damaged, whole } from './fuzz/damage.ts';
import { DOORS, faultOf, inputOf, keepInput, keptIn, readInput } from './fuzz/inputs.ts';
import { createChance } from './simulate/chance.ts';

const HELP = `npm run fuzz -- [options]

Starts web and classifier and sends them pictures and bodies that were damaged at random, after all that earlier runs have
kept. Each answer must be one of those that are documented, in JSON; an input that gets another one is kept as a file, and
sent first by every later run.

  --seconds NUMBER   how long (default 60)
  --seed NUMBER      the same seed and the same photos, the same inputs in the same order (default: from the clock)
  --photos DIR       more files to damage
  --keep DIR         where inputs are kept (default test/fixtures/fuzz)
  --replay FILE      send this kept input once more, and nothing else
  --help
`;

const KEPT = path.resolve(import.meta.dirname, '../test/fixtures/fuzz');
const PROGRESS_MS = 2000;
/** Predictions that wait for their images. */
const WANTED = 300;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function picturesOf(folder: string | undefined): Promise<Buffer[]> {
  const made = await Promise.all(HOSTILE_IMAGES.map(async ({ bytes }) => bytes()));
  const names =
    folder === undefined
      ? []
      : readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
          .sort();
  return [
    ...made.filter(({ length }) => length < 200_000),
    ...names.map((name) => readFileSync(path.join(folder ?? '', name))),
  ];
}

interface Plan {
  readonly seconds: number;
  readonly seed: number;
  readonly photos: string | undefined;
  readonly keep: string;
}

/** @returns how many kept inputs are answered as they must not be */
async function replay(files: readonly string[], program: Measured): Promise<number> {
  let failed = 0;
  for (const file of files) {
    const fault = await faultOf(readInput(file), program);
    if (fault !== null) say(`${file}: ${fault}`);
    failed += fault === null ? 0 : 1;
  }
  return failed;
}

/** @returns how many inputs were answered as they must not be */
async function fuzz(plan: Plan, program: Measured): Promise<number> {
  const chance = createChance(plan.seed);
  const uniform = (): number => chance.uniform();
  const pictures = await picturesOf(plan.photos);
  const pick = (): Buffer => pictures[whole(uniform, pictures.length)] ?? Buffer.alloc(0);
  const until = Date.now() + plan.seconds * 1000;
  let [sent, failed, saidAt] = [0, 0, Date.now()];
  while (Date.now() < until) {
    const door = DOORS[whole(uniform, DOORS.length)] ?? 'report';
    const input = inputOf(door, damaged(pick(), uniform, pick()), uniform);
    const fault = await faultOf(input, program);
    sent += 1;
    if (fault !== null) {
      failed += 1;
      const told = { seed: plan.seed, number: sent, fault };
      say(`${door} ${fault}`);
      say(`  kept as ${keepInput(plan.keep, `${plan.seed}-${sent}`, input, told)}`);
    }
    if (Date.now() - saidAt > PROGRESS_MS) {
      saidAt = Date.now();
      say(`${sent} sent, ${failed} failed, ${Math.round((until - saidAt) / 1000)} s left`);
    }
  }
  say(`seed ${plan.seed}: ${sent} sent, ${failed} failed`);
  return failed;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      photos: { type: 'string' },
      keep: { type: 'string', default: KEPT },
      replay: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [seconds, seed] = [Number(values.seconds), Number(values.seed ?? Date.now())];
  if (!(seconds > 0 && seconds <= 86_400))
    throw new Error(`--seconds ${values.seconds}: expected a number from 1 to 86400.`);
  if (!Number.isSafeInteger(seed)) throw new Error('--seed: expected a whole number.');
  const program = await startMeasured({}, WANTED);
  try {
    const kept = values.replay === undefined ? keptIn(values.keep) : [values.replay];
    const again = await replay(kept, program);
    say(`${kept.length} kept inputs sent, ${again} failed`);
    const plan = { seconds, seed, photos: values.photos, keep: values.keep };
    const found = values.replay === undefined ? await fuzz(plan, program) : 0;
    process.exitCode = again + found === 0 ? 0 : 1;
  } finally {
    await program.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
  process.exitCode = 1;
});
