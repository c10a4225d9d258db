import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import process from 'node:process';

/**
 * Takes a folder along when the process ends before it is done with it.
 * @returns removes the folder now
 */
export function removeOnExit(folder: string): () => Promise<void> {
  // A file that is just being written may still appear in it: then once more.
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', remove);
  return async () => {
    await rm(folder, { recursive: true, force: true });
    process.off('exit', remove);
  };
}
