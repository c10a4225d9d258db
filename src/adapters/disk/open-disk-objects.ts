import { createHash, randomUUID } from 'node:crypto';
import { mkdir, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ObjectKey } from '../../domain/ids.ts';
import { objectKey } from '../../domain/ids.ts';
import { syncPath, writeDurably } from '../../files/durable-files.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { codeOf, toObjectStoreError } from './disk-error.ts';

/** Files that are being written have this ending until they are whole; a name of an object never has it. */
const UNFINISHED = '.part';
/** An unfinished file this old was left by a process that died. */
const UNFINISHED_MS = 3_600_000;
const NAME_BYTES_MAX = 200;

/**
 * Images as files under a folder, spread over 256 subfolders.
 * @param options.dir made when missing
 * @throws ObjectStoreUnavailable when the folder can't be made
 */
export async function openDiskObjects(options: { readonly dir: string }): Promise<ObjectStore> {
  const { dir } = options;
  await guard(dir, 'made', () => mkdir(dir, { recursive: true }));
  const durableFolders = new Set<string>();
  return {
    put: (key, bytes) =>
      guard(dir, 'written', () => put(dir, durableFolders, pathOf(dir, key), bytes)),
    get: (key) => guard(dir, 'read', () => orNull(readFile(pathOf(dir, key)))),
    has: (key) => guard(dir, 'read', async () => (await orNull(stat(pathOf(dir, key)))) !== null),
    delete: (key) =>
      guard(dir, 'deleted', async () => {
        await rm(pathOf(dir, key), { force: true });
        await orNull(syncPath(dirname(pathOf(dir, key))));
      }),
    list: () => list(dir),
    close: () => Promise.resolve(),
  };
}

/** A file of its own until it is whole and on the disk, then under its name, then the name on the disk. */
async function put(
  dir: string,
  durableFolders: Set<string>,
  path: string,
  bytes: Buffer,
): Promise<void> {
  const folder = dirname(path);
  const unfinished = `${path.slice(0, folder.length + 1)}${randomUUID()}${UNFINISHED}`;
  if (!durableFolders.has(folder)) {
    await mkdir(folder, { recursive: true });
    await syncPath(dir);
    durableFolders.add(folder);
  }
  try {
    await writeDurably(unfinished, bytes, 'wx', 0o640);
    await rename(unfinished, path);
    await syncPath(folder);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function* list(
  dir: string,
): AsyncGenerator<{ readonly key: ObjectKey; readonly writtenAt: number }> {
  for (const folder of await guard(dir, 'listed', () => namesIn(dir)))
    for (const name of await guard(dir, 'listed', () => namesIn(join(dir, folder)))) {
      const path = join(dir, folder, name);
      const found = await guard(dir, 'listed', () => orNull(stat(path)));
      if (found === null) continue;
      if (!name.endsWith(UNFINISHED)) yield { key: keyOf(name), writtenAt: found.mtimeMs };
      else if (found.mtimeMs < Date.now() - UNFINISHED_MS) await rm(path, { force: true });
    }
}

async function namesIn(dir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(dir)) names.push(entry.name);
  return names;
}

/**
 * Whatever a key holds, its file lies within the folder: every byte but letters, digits, '-' and '_' is written as
 * %hex. The subfolder comes from the key's hash, so that keys of any shape spread evenly.
 */
function pathOf(dir: string, key: ObjectKey): string {
  const name = encodeURIComponent(key).replace(
    /[.!~*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (key === '' || name.length > NAME_BYTES_MAX)
    throw new RangeError(`An object key has 1 to ${NAME_BYTES_MAX} bytes; this has ${name.length}`);
  return join(dir, createHash('sha256').update(key).digest('hex').slice(0, 2), name);
}

const keyOf = (name: string): ObjectKey => objectKey(decodeURIComponent(name));

/** What is not there is an answer, not a fault. */
async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function guard<Result>(
  dir: string,
  done: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toObjectStoreError(error, dir, done);
  }
}
