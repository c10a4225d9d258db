// @ts-check
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { run } from './run.mjs';

const STAMP = '.built-from';

/**
 * @typedef {object} BuildOptions
 * @property {string} root
 * @property {Record<string, string | undefined>} env
 * @property {string} logFile
 * @property {import('./run.mjs').OnChild} [onChild]
 */

/** Builds unless dist/ was built from just these sources. @param {BuildOptions} options @returns {Promise<'there' | 'built'>} */
export async function ensureBuilt(options) {
  const stamp = path.join(options.root, 'dist', STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(options.root))
    return 'there';
  await build(options);
  return 'built';
}

/** src/ -> dist/: the compiler's output and, beside it, what is no TypeScript (pages, styles). @param {BuildOptions} options */
export async function build({ root, env, logFile, onChild }) {
  const dist = path.join(root, 'dist');
  const builtFrom = fingerprint(root);
  rmSync(dist, { recursive: true, force: true });
  await run({
    name: 'the TypeScript compiler',
    command: process.execPath,
    args: [path.join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    cwd: root,
    env,
    logFile,
    ...(onChild === undefined ? {} : { onChild }),
  });
  for (const file of filesIn(path.join(root, 'src'))) {
    if (!/\.(ts|md)$/.test(file)) copyInto(dist, path.join(root, 'src'), file);
  }
  writeFileSync(path.join(dist, STAMP), builtFrom);
}

/** @param {string} target @param {string} source @param {string} file */
function copyInto(target, source, file) {
  const place = path.join(target, path.relative(source, file));
  mkdirSync(path.dirname(place), { recursive: true });
  cpSync(file, place);
}

/** Of everything that the build reads. @param {string} root */
export function fingerprint(root) {
  const hash = createHash('sha256');
  const others = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const files = [
    ...others.map((name) => path.join(root, name)),
    ...filesIn(path.join(root, 'src')),
  ];
  for (const file of files) {
    hash.update(`${path.relative(root, file)}\0`);
    hash.update(createHash('sha256').update(readFileSync(file)).digest());
  }
  return hash.digest('hex');
}

/** @param {string} folder @returns {string[]} every file below it, in a fixed order */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
