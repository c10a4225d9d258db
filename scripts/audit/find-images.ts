import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { UsageError } from '../records/run-command.ts';

const PICTURE = /\.(jpe?g|png|webp)$/i;

/** The pictures of a folder and those below it. */
export interface Images {
  readonly count: number;
  /** Some of their names, for messages. */
  readonly examples: readonly string[];
  /**
   * @param name as a log names an image: a path, an address, a file's name, or that without its ending
   * @returns the file; null where there is none, or where several have that name and none that path
   */
  find(name: string): string | null;
}

/** @throws UsageError when there is no such folder, or no picture in it */
export async function findImages(folder: string): Promise<Images> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (cause: unknown) => {
      throw new UsageError(`--images ${folder} can't be read: ${(cause as Error).message}`);
    },
  );
  const files = entries
    .filter((entry) => !entry.isDirectory() && PICTURE.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  if (files.length === 0)
    throw new UsageError(`--images ${folder}: expected JPEG, PNG or WebP files there or below.`);
  const byPath = new Set(files);
  const byName = new Map<string, string | null>();
  for (const file of files)
    for (const name of new Set([path.basename(file), bare(file)]))
      byName.set(name, byName.has(name) ? null : file);
  return {
    count: files.length,
    examples: files.slice(0, 3),
    find: (name) => {
      const relative = path.normalize(name);
      const file = byPath.has(relative)
        ? relative
        : (byName.get(path.basename(name)) ?? byName.get(bare(name)) ?? null);
      return file === null ? null : path.join(folder, file);
    },
  };
}

const bare = (file: string): string => path.basename(file).replace(PICTURE, '');
