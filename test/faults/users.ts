import sharp from 'sharp';

import type { Chance } from './chance.ts';
import { CLASSES } from './installation.ts';

/** What users of one installation did, and what they were told. */
export interface Ledger {
  /** External id -> prediction id, for every report that was answered with one. */
  readonly acknowledged: Map<string, string>;
  /** Predictions whose flag was acknowledged. */
  readonly flagged: Set<string>;
  /** Every answer of the web role: status, whether it said when to come back, and how long it took. */
  readonly answers: {
    readonly status: number;
    readonly hasRetryAfter: boolean;
    readonly ms: number;
  }[];
  /** Requests that got no answer: the program was killed meanwhile. */
  unanswered: number;
}

export interface Users {
  readonly ledger: Ledger;
  /** Reports once; what gets no answer is reported again by `repeat`. */
  report(): Promise<void>;
  /** Reports and flags at this pace until told to stop. @returns ends it, and waits for what is in flight */
  keepReporting(everyMs: number): () => Promise<void>;
  /** Reports again what was never acknowledged, until all of it is. */
  repeat(): Promise<void>;
}

let picture: Promise<string> | null = null;
const base64Picture = (): Promise<string> =>
  (picture ??= sharp({ create: { width: 8, height: 8, channels: 3, background: '#456' } })
    .jpeg()
    .toBuffer()
    .then((bytes) => bytes.toString('base64')));

/**
 * Services that report predictions and people who flag some of them.
 * @param options.at event time of all of them: one UTC day, whenever the test runs
 */
export function createUsers(options: {
  readonly webUrl: () => string;
  readonly ingestKey: () => string;
  readonly chance: Chance;
  readonly at: string;
}): Users {
  const ledger: Ledger = {
    acknowledged: new Map(),
    flagged: new Set(),
    answers: [],
    unanswered: 0,
  };
  const bodies = new Map<string, string>();

  const ask = async (path: string, init: RequestInit): Promise<Response | null> => {
    const began = performance.now();
    try {
      const answer = await fetch(options.webUrl() + path, {
        ...init,
        signal: AbortSignal.timeout(30_000),
      });
      await answer.clone().arrayBuffer();
      ledger.answers.push({
        status: answer.status,
        hasRetryAfter: answer.headers.has('Retry-After'),
        ms: performance.now() - began,
      });
      return answer;
    } catch {
      ledger.unanswered += 1;
      return null;
    }
  };

  const makeBody = async (externalId: string): Promise<string> =>
    JSON.stringify({
      image: await base64Picture(),
      prediction: options.chance.pick(CLASSES),
      probability: 0.4 + options.chance.whole(0, 59) / 100,
      model_version: 'reported-1',
      time: options.at,
      external_id: externalId,
    });

  const send = async (externalId: string): Promise<string | null> => {
    const answer = await ask('/api/predictions', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${options.ingestKey()}`,
      },
      body: bodies.get(externalId) ?? '',
    });
    if (answer === null || !answer.ok) return null;
    const { id } = (await answer.json()) as { id: string };
    const before = ledger.acknowledged.get(externalId);
    if (before !== undefined && before !== id)
      throw new Error(`${externalId} was ${before} and is now ${id}`);
    ledger.acknowledged.set(externalId, id);
    return id;
  };

  const report = async (): Promise<void> => {
    const externalId = `report-${bodies.size}`;
    bodies.set(externalId, '');
    bodies.set(externalId, await makeBody(externalId));
    const isFlagged = options.chance.draw() < 0.2;
    const id = await send(externalId);
    if (id === null || !isFlagged) return;
    const flag = await ask(`/flag/${id}`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
    });
    if (flag?.ok === true) ledger.flagged.add(id);
  };

  return {
    ledger,
    report,
    keepReporting(everyMs) {
      const inFlight = new Set<Promise<void>>();
      const timer = setInterval(() => {
        const one = report().finally(() => inFlight.delete(one));
        inFlight.add(one);
      }, everyMs);
      return async () => {
        clearInterval(timer);
        await Promise.all(inFlight);
      };
    },
    async repeat() {
      const deadline = Date.now() + 60_000;
      const open = (): string[] => [...bodies.keys()].filter((id) => !ledger.acknowledged.has(id));
      while (open().length > 0) {
        if (Date.now() > deadline) throw new Error(`never acknowledged: ${open().join(', ')}`);
        for (const id of open()) await send(id);
      }
    },
  };
}
