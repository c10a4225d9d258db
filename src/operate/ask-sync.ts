import { setTimeout } from 'node:timers/promises';

import type { Config } from '../config/parse-config.ts';
import { type AskedRole, askRole } from './ask-role.ts';
import { CommandFailed } from './command.ts';

const POLL_MS = 250;
const SAID_MS = 2000;

/** The running sync: SQLite serves one process, so what writes is asked of the one that has the records open. */
export interface Sync extends AskedRole {
  /** Waits for a run to end. @throws CommandFailed when it failed */
  finished(runId: string, say: (text: string) => void): Promise<void>;
}

/** @param url of the sync; null: where its webhooks go */
export function askSync(config: Config, url: string | null): Sync {
  const sync = askRole('sync', url ?? new URL(config.WEBHOOK_URL).origin, config.OPS_KEY);
  return {
    ...sync,
    async finished(runId, say) {
      let saidAt = Date.now();
      for (;;) {
        const run = (await sync.get(`/runs/${runId}`)) as { result: string; error?: string };
        if (run.result === 'failure')
          throw new CommandFailed(`The run ${runId} did not succeed: ${run.error ?? 'no reason'}`);
        if (run.result === 'success') return;
        if (Date.now() - saidAt >= SAID_MS) {
          say(run.result === 'queued' ? 'waiting for another run ...' : 'running ...');
          saidAt = Date.now();
        }
        await setTimeout(POLL_MS);
      }
    },
  };
}
