import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import type { Request, Response } from 'express';

import { RequestInvalid, RequestUnderWay } from '../domain/errors.ts';
import { type PredictionId, predictionId } from '../domain/ids.ts';
import type { Claim, KeyedRequest, StoredAnswer } from '../domain/stored-answer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { AnswerStore } from '../ports/store/answer-store.ts';
import { wantsPage } from './wants-page.ts';

const KEPT_MS = 86_400_000;
/** Longer than any request takes: who has not answered by then has died. */
const PATIENCE_MS = 60_000;
const WAIT_MS = 25_000;
const POLL_MS = 100;

/** What was asked, and how it is done. */
export interface Work {
  /** What the client sent, beyond the address: the same again is the same request. Asked for only where there is a key. */
  readonly sent: () => readonly (string | Buffer)[];
  /** The prediction that it speaks of; null: it makes one. */
  readonly about: PredictionId | null;
  /** @param id of the prediction that is spoken of, or is to be made */
  readonly answer: (id: PredictionId) => Promise<StoredAnswer>;
}

export type AnswerOnce = (request: Request, response: Response, work: Work) => Promise<void>;

/**
 * Answers a request; with an Idempotency-Key only once: whoever sends the same again within 24 hours, to whichever process,
 * gets the answer that was given. Only good answers are kept, so that what failed can be tried again. A process that dies
 * at its work leaves the id of its prediction to the next, which then finds what was recorded.
 */
export function createAnswerOnce(deps: {
  readonly store: AnswerStore;
  readonly clock: Clock;
  readonly random: Random;
}): AnswerOnce {
  const { store, clock, random } = deps;
  return async (request, response, work) => {
    const fresh = work.about ?? predictionId(random.id());
    const keyed = keyedRequest(request, work);
    if (keyed === null) {
      send(response, await work.answer(fresh));
      return;
    }
    const claimant = { token: random.id(), predictionId: fresh };
    const claim = await settled(response, () =>
      store.claimRequest(keyed, claimant, clock.now(), PATIENCE_MS),
    );
    if (claim.state === 'answered') send(response.set('Idempotent-Replayed', 'true'), claim.answer);
    else
      send(
        response,
        await firstAnswer(deps, keyed, claim.token, () => work.answer(claim.predictionId)),
      );
  };
}

async function firstAnswer(
  { store, clock }: { readonly store: AnswerStore; readonly clock: Clock },
  { name }: KeyedRequest,
  token: string,
  work: () => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  let answer: StoredAnswer;
  try {
    answer = await work();
  } catch (error) {
    // The fault that the client must hear of is the first one.
    await store.releaseRequest(name, token).catch(() => undefined);
    throw error;
  }
  await store.saveAnswer(name, token, answer, clock.now() + KEPT_MS);
  return answer;
}

/** Waits while another request with the key is under way. */
async function settled(
  response: Response,
  claim: () => Promise<Claim>,
): Promise<Extract<Claim, { state: 'ours' | 'answered' }>> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const found = await claim();
    if (found.state === 'ours' || found.state === 'answered') return found;
    if (found.state === 'other_request')
      throw new RequestInvalid(
        'This Idempotency-Key was used for another request: send each request with a key of its own.',
      );
    if (performance.now() > until || response.destroyed)
      throw new RequestUnderWay('A request with this Idempotency-Key is still being worked on.');
    await setTimeout(POLL_MS);
  }
}

function keyedRequest(request: Request, { sent }: Work): KeyedRequest | null {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw new RequestInvalid('Idempotency-Key: expected 1 to 255 printable ASCII characters.');
  const form = wantsPage(request) ? 'page' : 'json';
  return { name: digestOf([request.method, request.path, form, key]), digest: digestOf(sent()) };
}

/** Each part by its own digest: no two lists run together into the same bytes. */
function digestOf(parts: readonly (string | Buffer)[]): string {
  const all = createHash('sha256');
  for (const part of parts) all.update(createHash('sha256').update(part).digest());
  return all.digest('hex');
}

function send(response: Response, { status, location, body }: StoredAnswer): void {
  if (location !== null) response.redirect(status, location);
  else response.status(status).type('json').send(body);
}

/** @param content becomes JSON */
export const jsonAnswer = (status: number, content: object): StoredAnswer => ({
  status,
  location: null,
  body: JSON.stringify(content),
});

export const redirectAnswer = (location: string): StoredAnswer => ({
  status: 303,
  location,
  body: null,
});
