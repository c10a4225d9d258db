import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, opendir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { z } from 'zod';

import { CommandFailed } from './command.ts';

/** The form of a backup; a change of form raises it. */
const FORM = 1;

/** Names within a backup. `about` is written last: without it a backup is not complete. */
export const NAMES = {
  about: 'backup.json',
  sums: 'SHA256SUMS',
  secrets: 'secrets.env',
  database: 'records.sqlite',
  dump: 'records.jsonl',
  objects: 'objects',
} as const;

const aboutSchema = z.object({
  form: z.number(),
  madeAt: z.string(),
  store: z.enum(['sqlite', 'redis']),
  images: z.number(),
  /** SHA-256 of SHA256SUMS. */
  sums: z.string(),
});
export type About = z.output<typeof aboutSchema>;

/** A fresh folder that nobody else may read. @throws CommandFailed when something is in it */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for await (const entry of await opendir(folder))
    throw new CommandFailed(`${folder} is not empty (${entry.name}): name another folder.`);
}

/** Writes the sums of all files, as `sha256sum --check` reads them, and what the backup is. */
export async function closeBackup(
  folder: string,
  about: Omit<About, 'form' | 'sums'>,
): Promise<void> {
  const lines: string[] = [];
  for await (const name of filesIn(folder))
    lines.push(`${await sumOf(path.join(folder, name))}  ${name}\n`);
  const sums = path.join(folder, NAMES.sums);
  await writeFile(sums, lines.join(''), { mode: 0o600 });
  const content: About = { form: FORM, ...about, sums: await sumOf(sums) };
  await writeFile(path.join(folder, NAMES.about), `${JSON.stringify(content, null, 2)}\n`, {
    mode: 0o600,
  });
}

/**
 * Reads what the backup is, and every file of it.
 * @throws CommandFailed when it is not complete, damaged, or of a newer program
 */
export async function checkBackup(folder: string): Promise<About> {
  const about = path.join(folder, NAMES.about);
  if (!existsSync(about))
    throw new CommandFailed(
      `${folder} is no complete backup: it has no ${NAMES.about}, which is written last.`,
    );
  const parsed = aboutSchema.safeParse(JSON.parse(await readFile(about, 'utf8')));
  if (!parsed.success || parsed.data.form > FORM)
    throw new CommandFailed(
      `${about} is not of a form that this program knows (up to ${FORM}): restore with the program that made it, or a newer one.`,
    );
  await assertSums(folder, parsed.data.sums);
  return parsed.data;
}

async function assertSums(folder: string, expected: string): Promise<void> {
  const sums = path.join(folder, NAMES.sums);
  const faults: string[] = [];
  if (!existsSync(sums) || (await sumOf(sums)) !== expected) faults.push(NAMES.sums);
  else
    for (const line of (await readFile(sums, 'utf8')).split('\n').filter(Boolean)) {
      const [sum = '', name = ''] = line.split('  ');
      const file = path.join(folder, name);
      if (!existsSync(file) || (await sumOf(file)) !== sum) faults.push(name);
    }
  if (faults.length > 0)
    throw new CommandFailed(
      `The backup ${folder} is damaged: ${faults.slice(0, 5).join(', ')}${faults.length > 5 ? ` and ${faults.length - 5} more` : ''} changed or went missing. Nothing was restored.`,
    );
}

async function* filesIn(folder: string, below = ''): AsyncGenerator<string> {
  for await (const entry of await opendir(path.join(folder, below))) {
    const name = path.posix.join(below, entry.name);
    if (entry.isDirectory()) yield* filesIn(folder, name);
    else yield name;
  }
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
