import type { Log } from '../ports/log.ts';

/** Tells once that the second model fails, and once that it answers again: it is asked for every upload. */
export interface Health {
  isWell(): void;
  failed(cause: unknown): void;
}

export function tellChanges(log: Log): Health {
  let isFailing = false;
  return {
    isWell() {
      if (isFailing) log.info({}, 'shadow answers again');
      isFailing = false;
    },
    failed(cause) {
      if (!isFailing) log.warn({ cause: String(cause) }, 'shadow fails');
      isFailing = true;
    },
  };
}
