import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process group has used so far. */
export interface ProcessCost {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/**
 * Adds up all processes of a group, from /proc (Linux).
 * @param group id of the process that leads it
 */
export function processCost(group: number): ProcessCost {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const fields = statOf(name);
      return fields !== null && Number(fields[2]) === group ? [fields] : [];
    });
  const sum = (field: number): number =>
    stats.reduce((total, fields) => total + Number(fields[field]), 0);
  return {
    cpuSeconds: (sum(11) + sum(12)) / TICKS_PER_SECOND,
    residentBytes: sum(21) * PAGE_BYTES,
  };
}

/** The fields behind the name, which may hold spaces itself; the first one is the state. */
function statOf(process: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${process}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
