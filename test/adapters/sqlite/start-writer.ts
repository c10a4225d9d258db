import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process that records predictions until it is killed, and prints the id of each one that was acknowledged. */
export interface Writer {
  readonly acknowledged: (count: number) => Promise<void>;
  /** Kills it at once. @returns the ids that it had printed */
  readonly kill: () => Promise<readonly string[]>;
}

export async function startWriter(path: string): Promise<Writer> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', new URL('write-until-killed.ts', import.meta.url).pathname, path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ids: string[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => ids.push(line));
  const acknowledged = async (count: number): Promise<void> => {
    while (ids.length < count) await once(lines, 'line');
  };
  await acknowledged(1);
  return {
    acknowledged,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
      return ids;
    },
  };
}
