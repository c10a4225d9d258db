import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

type Names = readonly string[];

const movedOn = ([first = '', ...others]: Names): Names => [...others, first];

/** Two names take each other's place. */
export const exchanged =
  (one: string, other: string) =>
  (names: Names): Names =>
    names.map((name) => (name === one ? other : name === other ? one : name));

/**
 * A model like another one that says other classes: a copy of its folder with the names in another order, under a version of
 * its own.
 * @param from a model folder
 * @param to an empty folder
 * @param mix the new order; by default each class is called like the next one
 * @returns the version
 */
export function mixUpModel(
  from: string,
  to: string,
  version?: string,
  mix: (names: Names) => Names = movedOn,
): string {
  const model = JSON.parse(readFileSync(path.join(from, 'model.json'), 'utf8')) as {
    file: string;
    version: string;
    classes: string[];
  };
  const mixed = {
    ...model,
    version: version ?? `mixed-up-${model.version}`,
    classes: mix(model.classes),
  };
  copyFileSync(path.join(from, model.file), path.join(to, model.file));
  writeFileSync(path.join(to, 'model.json'), JSON.stringify(mixed));
  return mixed.version;
}
