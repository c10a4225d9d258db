import type { PredictionId } from './ids.ts';

/** An HTTP answer as it was given, to be given again to the same request. */
export interface StoredAnswer {
  readonly status: number;
  /** Where the client was sent; null when it was answered in place. */
  readonly location: string | null;
  /** JSON, byte for byte; null with a redirect. */
  readonly body: string | null;
}

/** A request that names itself by an Idempotency-Key. */
export interface KeyedRequest {
  /** Digest of route and key. */
  readonly name: string;
  /** Digest of what was sent. */
  readonly digest: string;
}

/**
 * What is known of a keyed request. `ours`: nobody works on it; the caller does now, under `predictionId`, which stays the
 * same should it die and somebody else try again.
 */
export type Claim =
  | { readonly state: 'ours'; readonly predictionId: PredictionId; readonly token: string }
  | { readonly state: 'under_way' }
  | { readonly state: 'answered'; readonly answer: StoredAnswer }
  | { readonly state: 'other_request' };

/** What a store keeps of a keyed request. */
export interface AnswerRecord {
  readonly digest: string;
  readonly predictionId: PredictionId;
  /** Who works on it; null once nobody does. */
  readonly token: string | null;
  /** How long the claim holds, or the answer is kept, ms. */
  readonly until: number;
  readonly answer: StoredAnswer | null;
}

/**
 * Decides who works on a keyed request.
 * @param found what is kept; an answer past its time is none any more. A claim past its time is taken over; what came to
 * nothing binds nobody: a corrected body may follow
 * @param now ms
 * @param patienceMs how long the claim will hold
 * @returns the claim, and the record to keep with it; null where nothing changes
 */
export function claimRecord(
  found: AnswerRecord | null,
  digest: string,
  claimant: { readonly token: string; readonly predictionId: PredictionId },
  now: number,
  patienceMs: number,
): { readonly claim: Claim; readonly record: AnswerRecord | null } {
  const isFree = found?.answer === null && (found.token === null || found.until <= now);
  const isForgotten = found !== null && found.answer !== null && found.until <= now;
  const known = isForgotten || (isFree && found.digest !== digest) ? null : found;
  if (known !== null && known.digest !== digest)
    return { claim: { state: 'other_request' }, record: null };
  if (known !== null && known.answer !== null)
    return { claim: { state: 'answered', answer: known.answer }, record: null };
  if (known !== null && known.token !== null && known.until > now)
    return { claim: { state: 'under_way' }, record: null };
  const { token } = claimant;
  const predictionId = known?.predictionId ?? claimant.predictionId;
  return {
    claim: { state: 'ours', predictionId, token },
    record: { digest, predictionId, token, until: now + patienceMs, answer: null },
  };
}
