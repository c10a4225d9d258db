import type { Delivery, NoticeSender } from '../../ports/notice-sender.ts';
import { signMessage } from './sign-message.ts';

const GONE = 410;
const WORDS_MAX = 200;

/**
 * Sends notices as Standard Webhooks: signed, with an id that stays and the time of the attempt. Redirects are not followed:
 * the body goes only to the address that was set.
 * @param options.url RETRAIN_WEBHOOK_URL @param options.secret RETRAIN_WEBHOOK_SECRET
 */
export function createNoticeSender(options: {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
}): NoticeSender {
  const { url, secret, timeoutMs } = options;
  return {
    async send({ id, body }, at) {
      const timestamp = Math.floor(at / 1000);
      try {
        const answer = await fetch(url, {
          method: 'POST',
          body,
          headers: {
            'Content-Type': 'application/json',
            'User-Agent': 'truthloop',
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': signMessage(secret, id, timestamp, body),
          },
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        });
        await answer.body?.cancel();
        return readAnswer(answer);
      } catch (error) {
        return { kind: 'failed', why: reasonOf(error, timeoutMs), retryAfterMs: null };
      }
    },
  };
}

function readAnswer({ ok, status, headers }: Response): Delivery {
  if (ok) return { kind: 'delivered' };
  const why = `the receiver answered ${status}`;
  if (status === GONE) return { kind: 'refused', why: `${why}: it wants no more notices` };
  const seconds = Number(headers.get('retry-after') ?? NaN);
  return { kind: 'failed', why, retryAfterMs: seconds >= 0 ? seconds * 1000 : null };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return `${message}${cause instanceof Error ? `: ${cause.message}` : ''}`.slice(0, WORDS_MAX);
}
