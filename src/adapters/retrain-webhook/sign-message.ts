import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * Signature of a message by Standard Webhooks 1.0, scheme v1: HMAC-SHA256 over id, timestamp and body.
 * @param secret base64, with or without the prefix whsec_
 * @param timestamp seconds since the epoch
 * @returns for the header webhook-signature
 * @see github.com/standard-webhooks/standard-webhooks spec/standard-webhooks.md
 */
export function signMessage(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(
    secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret,
    'base64',
  );
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
