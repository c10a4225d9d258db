import { open } from 'node:fs/promises';

/**
 * A file whose content is on the disk when this resolves; its name is not yet: sync its folder after the last rename.
 * @param flags 'w', or 'wx' where nothing may be there
 * @throws what the file system says
 */
export async function writeDurably(
  path: string,
  content: Buffer | string,
  flags: 'w' | 'wx' = 'w',
  mode?: number,
): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A file, or the names in a folder: without it they could be gone after a power cut. @throws what the file system says */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
