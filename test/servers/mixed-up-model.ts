import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A model like another one that says the next class for each: a copy of its folder with the names moved on by one, under a
 * version of its own.
 * @param from a model folder
 * @param to an empty folder
 * @returns the version
 */
export function mixUpModel(from: string, to: string, version?: string): string {
  const model = JSON.parse(readFileSync(path.join(from, 'model.json'), 'utf8')) as {
    file: string;
    version: string;
    classes: string[];
  };
  const [first = '', ...others] = model.classes;
  const mixed = {
    ...model,
    version: version ?? `mixed-up-${model.version}`,
    classes: [...others, first],
  };
  copyFileSync(path.join(from, model.file), path.join(to, model.file));
  writeFileSync(path.join(to, 'model.json'), JSON.stringify(mixed));
  return mixed.version;
}
