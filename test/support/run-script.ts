import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

/**
 * Runs a script of the project as `npm run` does.
 * @returns what it printed, and its exit code; a failure is an answer
 */
export async function runScript(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  try {
    const said = await execute(
      process.execPath,
      ['--import', 'tsx', path.join(ROOT, 'scripts', script), ...args],
      { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 },
    );
    return { ...said, code: 0 };
  } catch (error) {
    const { stdout = '', stderr = '', code } = error as Partial<Record<string, string>> & Error;
    return { stdout, stderr, code: Number(code ?? -1) };
  }
}
