import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { CommandFailed, runCommand, UsageError } from './records/run-command.ts';
import { localWeb } from './settings/local-web.ts';
import { createChance } from './simulate/chance.ts';

const USAGE = `npm run traffic -- --photos DIR [options]

Uploads photos as users would, and says something about some of the answers.

  --photos DIR       folder with photos, folders in it included (.jpg, .jpeg, .png, .webp)
  --pattern LIST     photos a second, one number for each step: 1,2,3,5,3,2,1 (default)
  --step SECONDS     length of a step (default 10)
  --bad SHARE        share of the uploads that are no photo at all (default 0)
  --flag SHARE       share of the answers that get feedback: half flags, the rest corrections and confirmations (default 0)
  --web URL          where web answers (default: WEB_PORT on this machine)
  --seed NUMBER      the same seed, the same traffic (default 1)
`;

interface Plan {
  readonly photos: readonly Buffer[];
  readonly pattern: readonly number[];
  readonly stepMs: number;
  readonly bad: number;
  readonly flag: number;
  readonly web: string;
  readonly random: () => number;
}

interface Answer {
  readonly id: string;
  readonly prediction: string;
}

const counts = { answered: 0, refused: 0, unavailable: 0, feedback: 0, unreachable: 0 };

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      photos: { type: 'string' },
      pattern: { type: 'string', default: '1,2,3,5,3,2,1' },
      step: { type: 'string', default: '10' },
      bad: { type: 'string', default: '0' },
      flag: { type: 'string', default: '0' },
      web: { type: 'string', default: localWeb() },
      seed: { type: 'string', default: '1' },
    },
  });
  if (values.photos === undefined)
    throw new UsageError('--photos is missing: a folder with photos.');
  const number = (name: string, text: string, max: number): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= max) return value;
    throw new UsageError(`--${name} ${text}: expected a number from 0 to ${max}.`);
  };
  const chance = createChance(number('seed', values.seed, 2 ** 31));
  return {
    photos: readPhotos(values.photos),
    pattern: values.pattern.split(',').map((text) => number('pattern', text, 1000)),
    stepMs: number('step', values.step, 86_400) * 1000,
    bad: number('bad', values.bad, 1),
    flag: number('flag', values.flag, 1),
    web: values.web.replace(/\/+$/, ''),
    random: () => chance.uniform(),
  };
}

function readPhotos(folder: string): Buffer[] {
  if (!existsSync(folder)) throw new UsageError(`--photos ${folder}: there is no such folder.`);
  const photos = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .sort()
    .map((name) => readFileSync(path.join(folder, name)));
  if (photos.length === 0)
    throw new UsageError(`--photos ${folder}: holds no photos (.jpg, .jpeg, .png, .webp).`);
  return photos;
}

/** Before a minute is spent on it. */
async function checkReached(web: string): Promise<void> {
  await fetch(`${web}/livez`).catch((cause: unknown) => {
    throw new CommandFailed(
      `${web} can't be reached. Is Truthloop running there? If it is elsewhere, say where with --web.`,
      { cause },
    );
  });
}

/** Sends at the planned moments, however long answers take: real users don't wait for each other. */
async function run(plan: Plan): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (const [step, perSecond] of plan.pattern.entries()) {
    const stepAt = Date.now();
    const planned = Math.round((perSecond * plan.stepMs) / 1000);
    process.stdout.write(`step ${step + 1} of ${plan.pattern.length}: ${perSecond} a second\n`);
    for (let index = 0; index < planned; index += 1) {
      await until(stepAt + (index * plan.stepMs) / planned);
      underWay.push(uploadOne(plan));
    }
    await until(stepAt + plan.stepMs);
  }
  await Promise.all(underWay);
}

const until = (at: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));

async function uploadOne(plan: Plan): Promise<void> {
  const isBad = plan.random() < plan.bad;
  const photo = plan.photos[Math.floor(plan.random() * plan.photos.length)] ?? Buffer.alloc(0);
  const bytes = isBad ? Buffer.from('this is no photo') : photo;
  const wantsFeedback = plan.random() < plan.flag;
  const kind = plan.random();
  try {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), 'photo.jpg');
    const headers = { Accept: 'application/json' };
    const answer = await fetch(`${plan.web}/predict`, { method: 'POST', body: form, headers });
    if (answer.status >= 500) counts.unavailable += 1;
    else if (!answer.ok) counts.refused += 1;
    else {
      counts.answered += 1;
      const given = (await answer.json()) as Answer & { probabilities: Record<string, number> };
      if (wantsFeedback) await giveFeedback(plan.web, given, kind);
    }
  } catch {
    counts.unreachable += 1;
  }
}

async function giveFeedback(
  web: string,
  answer: Answer & { readonly probabilities: Readonly<Record<string, number>> },
  kind: number,
): Promise<void> {
  const other = Object.keys(answer.probabilities).find((name) => name !== answer.prediction);
  const [route, body] =
    kind < 0.5
      ? [`flag/${answer.id}`, {}]
      : kind < 0.75 && other !== undefined
        ? [`correct-label/${answer.id}`, { corrected_class: other }]
        : [`confirm/${answer.id}`, {}];
  const said = await fetch(`${web}/${route}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
  });
  if (said.ok) counts.feedback += 1;
}

await runCommand(USAGE, async () => {
  const plan = readPlan();
  await checkReached(plan.web);
  await run(plan);
  process.stdout.write(
    `${counts.answered} answered, ${counts.refused} refused, ${counts.unavailable} turned away, ` +
      `${counts.unreachable} not reached, ${counts.feedback} with feedback\n`,
  );
  if (counts.answered === 0) process.exitCode = 1;
});
