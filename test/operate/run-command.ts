import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

type Run = (
  env: Readonly<Record<string, string>>,
  cwd: string,
  ...args: readonly string[]
) => Promise<Outcome>;

/** Runs one of the operator's commands as a process of its own, far from any `.env`. */
export const runCommand: Run = (env, cwd, ...args) =>
  run(['--import', tsx, path.resolve('src/operate/main.ts'), ...args], env, cwd);

/** The same as it is delivered, without npm; somebody has built it before. */
export const runBuiltCommand: Run = (env, cwd, ...args) =>
  run([path.resolve('dist/operate/main.js'), ...args], env, cwd);

const run = (
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      command,
      { env: { PATH: process.env['PATH'], ...env }, cwd, maxBuffer: 1e8 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
