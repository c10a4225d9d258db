import { settingsSchema } from './settings-schema.ts';

/** Read by the start scripts and by libraries: no settings of the program, and no mistakes. */
const OTHERS = /^(LABEL_STUDIO_VENV|XDG_|AWS_|NODE_|COMPOSE_|FOOD11_|PYTHON|PATH$|TZ$)/;
const SLIPS_MAX = 2;

/**
 * Names in a settings file that mean nothing to anybody: most are misspelt.
 * @param names as they stand in `.env`
 * @returns a warning for each, with the setting that was probably meant
 */
export function strangeSettings(names: readonly string[]): string[] {
  const known = Object.keys(settingsSchema.shape);
  return names
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => {
      const meant = known.find((setting) => slips(name.toUpperCase(), setting) <= SLIPS_MAX);
      return `.env: ${name} is no setting and not used${meant === undefined ? '' : `; is ${meant} meant?`}`;
    });
}

/** Edit distance (Levenshtein): letters inserted, left out or exchanged. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries())
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + Number(letter !== other),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
