/** What a receiver did with a notice. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** Worth another try, not before `retryAfterMs` where it said so. */
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs: number | null }
  /** It wants no more of them. */
  | { readonly kind: 'refused'; readonly why: string };

/** Brings notices to the retraining service. Never rejects: whatever goes wrong is a delivery that failed. */
export interface NoticeSender {
  /** @param at ms, of this attempt: it is signed, so that an old message can't be sent again */
  send(notice: { readonly id: string; readonly body: string }, at: number): Promise<Delivery>;
}
