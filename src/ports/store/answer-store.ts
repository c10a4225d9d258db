import type { PredictionId } from '../../domain/ids.ts';
import type { Claim, KeyedRequest, StoredAnswer } from '../../domain/stored-answer.ts';

/** Answers to requests with an Idempotency-Key. */
export interface AnswerStore {
  /**
   * Takes a keyed request to work on, unless it was answered or somebody works on it. What nobody answers within
   * `patienceMs` may be taken by the next.
   * @param claimant what belongs to this try: a token of its own, and the prediction that it is about or will make
   */
  claimRequest(
    request: KeyedRequest,
    claimant: { readonly token: string; readonly predictionId: PredictionId },
    now: number,
    patienceMs: number,
  ): Promise<Claim>;
  /** Keeps the answer until `keepUntil`; only the one who has the claim does. Gone with its prediction when that is erased. */
  saveAnswer(
    name: KeyedRequest['name'],
    token: string,
    answer: StoredAnswer,
    keepUntil: number,
  ): Promise<void>;
  /** It came to nothing: the next with this key begins anew, under the same prediction id. */
  releaseRequest(name: KeyedRequest['name'], token: string): Promise<void>;
  /** Forgets what was to be kept until `before` at most. @returns how many */
  forgetAnswers(before: number): Promise<number>;
}
