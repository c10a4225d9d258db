import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { cacheFolder } from '../start/label-studio.mjs';
import { ensureVenv, isComplete } from '../start/venv.mjs';

export const DATA_PREP = path.resolve(import.meta.dirname, '../../data-prep');
const SAY_EVERY_MS = 10_000;

/**
 * Python with what data-prep/requirements-fit.txt names, in an environment of its own; installed (about 400 MB) when it
 * is not there.
 * @param say told that it installs, and every ten seconds that it still does
 * @returns the path of the interpreter
 */
export async function fittingPython(say: (words: string) => void): Promise<string> {
  const folder = path.join(cacheFolder(process.env), 'data-prep-fit');
  const wanted = ['requirements.txt', 'requirements-fit.txt'].map((name) =>
    path.join(DATA_PREP, name),
  );
  const hash = createHash('sha256');
  for (const file of wanted) hash.update(readFileSync(file));
  const key = hash.digest('hex');
  if (!isComplete(folder, key)) await install(folder, key, wanted[1] ?? '', say);
  return path.join(folder, 'bin', 'python');
}

async function install(
  folder: string,
  key: string,
  requirements: string,
  say: (words: string) => void,
): Promise<void> {
  const logFile = `${folder}.log`;
  const began = performance.now();
  say('installing what the fit needs (about 400 MB); this takes minutes');
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000);
    say(`  still installing (${seconds} s; ${logFile} tells more)`);
  }, SAY_EVERY_MS);
  try {
    await ensureVenv({
      ...{ folder, key, logFile },
      requirements: ['-r', requirements],
      env: process.env,
    });
  } finally {
    clearInterval(timer);
  }
}
