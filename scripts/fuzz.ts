import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { HOSTILE_IMAGES } from '../test/fixtures/hostile-images.ts';
import { FORM_HEADERS, wholeForm } from '../test/fixtures/hostile-requests.ts';
import { send } from '../test/http/send.ts';
import { type Measured, startMeasured } from '../test/http/start-measured.ts';
import { createChance } from './simulate/chance.ts';

const HELP = `npm run fuzz -- [options]

Starts web and classifier and sends them pictures and bodies that were damaged at random. Each answer must be one of those
that are documented, in JSON; whatever else comes is kept in a file that can be replayed.

  --seconds NUMBER   how long (default 60)
  --seed NUMBER      the same seed, the same inputs (default: from the clock, and printed)
  --photos DIR       more files to damage
  --keep DIR         where failing inputs go (default fuzz-failures)
  --replay FILE      send this failing input once more, and nothing else
  --help
`;

const STATUSES = new Set([200, 201, 400, 413, 415, 422]);
const PROGRESS_MS = 2000;
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const DOORS = [
  'web form',
  'classifier form',
  'classifier json',
  'classifier image',
  'report',
] as const;
type Door = (typeof DOORS)[number];

/** One request, whole enough to be sent again. */
interface Input {
  readonly door: Door;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Uniform = () => number;
const whole = (uniform: Uniform, below: number): number => Math.floor(uniform() * below);

/** Ways to damage bytes, each as likely as the others. */
const DAMAGES: readonly ((bytes: Buffer, uniform: Uniform, other: Buffer) => Buffer)[] = [
  (bytes, uniform) => bytes.subarray(0, whole(uniform, bytes.length)),
  (bytes, uniform) => {
    const changed = Buffer.from(bytes);
    for (let count = 1 + whole(uniform, 8); count > 0; count--) {
      const at = whole(uniform, changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << whole(uniform, 8));
    }
    return changed;
  },
  (bytes, uniform) => {
    const changed = Buffer.from(bytes);
    const at = whole(uniform, Math.min(64, changed.length));
    const end = Math.min(changed.length, at + 1 + whole(uniform, 8));
    return changed.fill(uniform() < 0.5 ? 0xff : 0, at, end);
  },
  (bytes, uniform) => {
    const [from, to] = [whole(uniform, bytes.length), whole(uniform, bytes.length)];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, uniform, other) =>
    Buffer.concat([
      bytes.subarray(0, whole(uniform, bytes.length)),
      other.subarray(whole(uniform, other.length)),
    ]),
];

function damaged(bytes: Buffer, uniform: Uniform, other: Buffer): Buffer {
  const damage = DAMAGES[whole(uniform, DAMAGES.length)];
  return bytes.length === 0 || damage === undefined ? bytes : damage(bytes, uniform, other);
}

function inputOf(door: Door, picture: Buffer, uniform: Uniform): Input {
  const around =
    door === 'report' ? { prediction: 'red', probability: 0.5, model_version: 'x' } : {};
  const body =
    door === 'classifier image'
      ? picture
      : door.endsWith('form')
        ? wholeForm(picture)
        : Buffer.from(JSON.stringify({ image: picture.toString('base64'), ...around }));
  const headers =
    door === 'classifier image'
      ? { 'Content-Type': 'image/jpeg' }
      : door.endsWith('form')
        ? FORM_HEADERS
        : JSON_HEADERS;
  // Half of the inputs are a damaged picture in a sound body, half a sound picture in a damaged body.
  return { door, headers, body: uniform() < 0.5 ? body : damaged(body, uniform, body) };
}

/** @returns null when the answer is one that may be, else what is wrong with it */
async function faultOf(input: Input, program: Measured): Promise<string | null> {
  const url =
    input.door === 'web form'
      ? `${program.webUrl}/predict`
      : input.door === 'report'
        ? `${program.webUrl}/api/predictions`
        : `${program.classifierUrl}/predict`;
  const key = { Authorization: `Bearer ${program.ingestKey}` };
  try {
    const { status, body } = await send(url, { ...input, headers: { ...input.headers, ...key } });
    if (!STATUSES.has(status)) return `answered ${status}: ${body.slice(0, 200)}`;
    JSON.parse(body);
    return null;
  } catch (error) {
    return String(error);
  }
}

async function seedPictures(folder: string | undefined): Promise<Buffer[]> {
  const made = await Promise.all(HOSTILE_IMAGES.map(async ({ bytes }) => bytes()));
  const names =
    folder === undefined
      ? []
      : readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
          /\.(jpe?g|png|webp)$/i.test(name),
        );
  return [
    ...made.filter(({ length }) => length < 200_000),
    ...names.map((name) => readFileSync(path.join(folder ?? '', name))),
  ];
}

function keep(folder: string, name: string, input: Input, fault: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  const text = { ...input, body: input.body.toString('base64'), fault };
  writeFileSync(file, `${JSON.stringify(text, null, 2)}\n`);
  return file;
}

function readInput(file: string): Input {
  const { body, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as Omit<Input, 'body'> & {
    body: string;
  };
  return { ...rest, body: Buffer.from(body, 'base64') };
}

interface Plan {
  readonly seconds: number;
  readonly seed: number;
  readonly photos: string | undefined;
  readonly keep: string;
}

/** @returns how many inputs were answered as they must not be */
async function fuzz(plan: Plan, program: Measured): Promise<number> {
  const chance = createChance(plan.seed);
  const uniform = (): number => chance.uniform();
  const pictures = await seedPictures(plan.photos);
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
      const file = keep(plan.keep, `${plan.seed}-${sent}`, input, fault);
      process.stdout.write(`${door} ${fault}\n  kept as ${file}\n`);
    }
    if (Date.now() - saidAt > PROGRESS_MS) {
      saidAt = Date.now();
      process.stdout.write(
        `${sent} sent, ${failed} failed, ${Math.round((until - saidAt) / 1000)} s left\n`,
      );
    }
  }
  process.stdout.write(`seed ${plan.seed}: ${sent} sent, ${failed} failed\n`);
  return failed;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      photos: { type: 'string' },
      keep: { type: 'string', default: 'fuzz-failures' },
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
  const program = await startMeasured();
  try {
    if (values.replay !== undefined) {
      const fault = await faultOf(readInput(values.replay), program);
      process.stdout.write(`${fault ?? 'answered as it must be'}\n`);
      process.exitCode = fault === null ? 0 : 1;
    } else {
      const plan = { seconds, seed, photos: values.photos, keep: values.keep };
      process.exitCode = (await fuzz(plan, program)) === 0 ? 0 : 1;
    }
  } finally {
    await program.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
  process.exitCode = 1;
});
