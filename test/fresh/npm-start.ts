import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** `npm start` in a folder, as a person would run it. */
export interface NpmStart {
  /** Resolves when it says that everything runs; rejects with what it said when it ends before. */
  readonly ready: Promise<void>;
  /** SIGTERM to npm; resolves with npm's exit code. Safe to repeat. */
  readonly end: () => Promise<number | null>;
}

const READY = /Truthloop is running/;

/**
 * Runs `npm start`; its output is shown as it comes.
 * @param folder the repository
 * @param env the whole environment
 */
export function npmStart(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): NpmStart {
  const npm = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(npm, 'close') as Promise<[number | null]>;
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      process.stdout.write(chunk.toString().replaceAll(/^(?=.)/gm, '      | '));
      said += chunk.toString();
      if (READY.test(said)) resolve();
    };
    npm.stdout.on('data', listen);
    npm.stderr.on('data', listen);
    void ended.then(([code]) => {
      reject(new Error(`npm start ended with ${String(code)}:\n${said}`));
    });
  });
  ready.catch(() => undefined);
  return {
    ready,
    end: async () => {
      npm.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}
