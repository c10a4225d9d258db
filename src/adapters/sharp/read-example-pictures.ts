import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ExamplePicture } from '../../domain/example-picture.ts';
import { decodingFailure, type ImageLimits, openImage } from './open-image.ts';

const PER_CLASS_MAX = 3;
const SIDE = 240;
const LIMITS: ImageLimits = { bytesMax: 20_000_000, pixelsMax: 50_000_000 };

/** What the folder holds, and what in it is of no use, in words. */
export interface ExamplePictures {
  readonly pictures: readonly ExamplePicture[];
  readonly faults: readonly string[];
}

/**
 * Reads `<folder>/<class>/<picture>`: JPEG, PNG or WebP, the first three of each class by name, made small. A folder writes
 * - for what its class has that no folder name can hold ("Noodles/Pasta" is `Noodles-Pasta`).
 * @param folder may be missing: then there are none
 * @param classes in the order in which the pictures are given
 */
export async function readExamplePictures(
  folder: string,
  classes: readonly string[],
): Promise<ExamplePictures> {
  const names = await foldersIn(folder);
  const known = new Set(classes.map(folderName));
  const pictures: ExamplePicture[] = [];
  const faults = names
    .filter((name) => !known.has(folderName(name)))
    .map((name) => `${join(folder, name)} is named after no class`);
  for (const className of classes)
    for (const name of names.filter((one) => folderName(one) === folderName(className)))
      for (const file of await filesIn(join(folder, name)))
        try {
          pictures.push(await readPicture(file, className));
        } catch (error) {
          faults.push(`${file}: ${decodingFailure(error).message}`);
        }
  return { pictures, faults };
}

const folderName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '-');

/** Hidden files are the file manager's. */
async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  return names.slice(0, PER_CLASS_MAX).map((name) => join(folder, name));
}

async function readPicture(file: string, className: string): Promise<ExamplePicture> {
  const bytes = await readFile(file);
  const jpeg = await openImage(bytes, LIMITS)
    .autoOrient()
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .jpeg({ quality: 80 })
    .toBuffer();
  // Of the file, not of what is made of it: two processes must agree, whatever made their sharp.
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 40);
  return { className, path: `/examples/${digest}.jpg`, jpeg };
}
