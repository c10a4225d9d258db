import process from 'node:process';

const EVERY_MS = 2000;

/**
 * Says on stderr how far a long command is, at most every two seconds.
 * @returns to be called as often as there is something new
 */
export function createProgress(): (say: () => string) => void {
  let saidAt = performance.now();
  return (say) => {
    if (performance.now() - saidAt < EVERY_MS) return;
    saidAt = performance.now();
    process.stderr.write(`${say()}\n`);
  };
}
