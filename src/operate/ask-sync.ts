import { setTimeout } from 'node:timers/promises';

import type { Config } from '../config/parse-config.ts';
import { CommandFailed } from './command.ts';

const ANSWER_MS = 30_000;
const POLL_MS = 250;
const SAID_MS = 2000;

/** The running sync: SQLite serves one process, so what writes is asked of the one that has the records open. */
export interface Sync {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  /** Waits for a run to end. @throws CommandFailed when it failed */
  finished(runId: string, say: (text: string) => void): Promise<void>;
}

/** @param url of the sync; null: where its webhooks go */
export function askSync(config: Config, url: string | null): Sync {
  const base = url ?? new URL(config.WEBHOOK_URL).origin;
  const ask = (method: string, path: string, body?: object): Promise<unknown> =>
    answerOf(base, path, {
      method,
      headers: { Authorization: `Bearer ${config.OPS_KEY}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    async finished(runId, say) {
      let saidAt = Date.now();
      for (;;) {
        const run = (await ask('GET', `/runs/${runId}`)) as { result: string; error?: string };
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

async function answerOf(base: string, path: string, request: RequestInit): Promise<unknown> {
  const answer = await fetch(new URL(path, base), request).catch((cause: unknown) => {
    throw new CommandFailed(
      `The sync does not answer at ${base}. This command works beside the running service: start it (npm start), or say where it is with --url.`,
      { cause },
    );
  });
  const text = await answer.text();
  if (answer.status === 401)
    throw new CommandFailed(
      `The sync at ${base} does not take this ops key: OPS_KEY (secrets.env in DATA_DIR) belongs to another installation.`,
    );
  if (!answer.ok) throw new CommandFailed(`The sync at ${base} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}
