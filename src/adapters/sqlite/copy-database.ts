import { constants, existsSync } from 'node:fs';
import { copyFile, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

import { DatabaseSync } from '@photostructure/sqlite';

import { StoreUnusable } from '../../domain/errors.ts';
import { syncPath } from '../../files/durable-files.ts';
import { holdLock } from './hold-lock.ts';
import { toStoreError } from './sqlite-error.ts';

/**
 * Copies the database as it is at one moment into a file of its own, while the program goes on writing.
 * @throws StoreUnusable when it is damaged, or the copy is
 */
export function copyDatabase(path: string, copy: string): void {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      database.prepare('VACUUM INTO ?').run(copy);
    } finally {
      database.close();
    }
    assertWhole(copy);
  } catch (error) {
    throw toStoreError(error, path);
  }
}

/** @throws StoreUnusable when the file is damaged or no database */
export function assertWhole(path: string): void {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const found = database.prepare('PRAGMA integrity_check').get() as
        { integrity_check?: string } | undefined;
      if (found?.integrity_check !== 'ok')
        throw new StoreUnusable(`${path} is damaged: ${found?.integrity_check ?? 'no answer'}`);
    } finally {
      database.close();
    }
  } catch (error) {
    throw toStoreError(error, path);
  }
}

/** @throws StoreUnusable when a process has the records open */
export function assertUnused(path: string): void {
  if (existsSync(path)) holdLock(`${path}.lock`)();
}

/**
 * Puts a copy in the database's place: whole or not at all.
 * @param aside what is there is moved to names with this ending; null: nothing may be there
 * @returns the names that were moved
 * @throws StoreUnusable when a process has the records open, or there are some and they may not be moved
 */
export async function restoreDatabase(
  copy: string,
  path: string,
  aside: string | null,
): Promise<readonly string[]> {
  const release = holdLock(`${path}.lock`);
  try {
    const moved = await moveAside(path, aside);
    const unfinished = `${path}.part`;
    await copyFile(copy, unfinished);
    await syncPath(unfinished);
    await rename(unfinished, path);
    await syncPath(dirname(path));
    return moved;
  } finally {
    release();
  }
}

async function moveAside(path: string, aside: string | null): Promise<string[]> {
  const moved: string[] = [];
  // A write-ahead log left behind would be taken for the restored database's own.
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    const isThere = await open(name, constants.O_RDONLY).then(
      async (file) => file.close().then(() => true),
      () => false,
    );
    if (!isThere) continue;
    if (aside === null)
      throw new StoreUnusable(
        `${name} is there already: choose another DATA_DIR, or have it moved aside with --replace`,
      );
    await rename(name, `${name}.${aside}`);
    moved.push(`${name}.${aside}`);
  }
  return moved;
}
