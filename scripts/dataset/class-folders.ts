import { UsageError } from '../records/run-command.ts';

/**
 * A folder name for each class.
 * @param classes in the deployment's order
 * @param style `index`: class_00, class_01, ... as Food-11's volumes have them; `names`: the class in small letters, with a
 * dash for what a file name had better not hold
 * @throws UsageError when two classes would share a folder
 */
export function classFolders(
  classes: readonly string[],
  style: 'index' | 'names',
): ReadonlyMap<string, string> {
  const folders = new Map(
    classes.map((name, index) => [
      name,
      style === 'index' ? `class_${String(index).padStart(2, '0')}` : folderName(name),
    ]),
  );
  if (new Set(folders.values()).size < folders.size)
    throw new UsageError('Two classes would share a folder: use --folders index.');
  return folders;
}

/** As data-prep/photos.py reads it back. */
const folderName = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '-');
