import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { processCost } from './process-cost.ts';

/** What a server did while as many clients as given asked one thing after the other. */
export interface ClosedLoop {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly cpuMsPerAnswer: number;
  readonly residentBytes: number;
}

const run = promisify(execFile);

/**
 * Loads a server with wrk, after a warm-up that is not counted.
 * @param server its address and process group
 * @param list a file that lists body files
 */
export async function closedLoop(
  server: { readonly url: string; readonly process: { readonly pid: number } },
  list: string,
  { clients = 8, seconds = 10 } = {},
): Promise<ClosedLoop> {
  await wrk(server.url, list, clients, 3);
  const before = processCost(server.process.pid);
  const result = await wrk(server.url, list, clients, seconds);
  const after = processCost(server.process.pid);
  const answers = result.perSecond * seconds;
  return {
    ...result,
    cpuMsPerAnswer: (1000 * (after.cpuSeconds - before.cpuSeconds)) / answers,
    residentBytes: after.residentBytes,
  };
}

async function wrk(
  url: string,
  list: string,
  clients: number,
  seconds: number,
): Promise<Pick<ClosedLoop, 'perSecond' | 'p50Ms' | 'p99Ms' | 'failed'>> {
  const script = path.join(import.meta.dirname, 'post.lua');
  const args = ['-t1', `-c${clients}`, `-d${seconds}s`, '--latency', '--timeout', '30s'];
  const { stdout } = await run('wrk', [...args, '-s', script, `${url}/predict`], {
    env: { ...process.env, BODIES: list },
  }).catch((error: unknown) => {
    throw new Error('wrk can not be run: install it (Debian or Ubuntu: apt-get install wrk).', {
      cause: error,
    });
  });
  const value = (name: string): number =>
    Number(new RegExp(`${name}=([\\d.]+)`).exec(stdout)?.[1] ?? NaN);
  return {
    perSecond: value('rps'),
    p50Ms: value('p50_ms'),
    p99Ms: value('p99_ms'),
    failed: value('non2xx') + value('socket'),
  };
}
