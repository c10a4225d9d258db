import type { Request, RequestHandler } from 'express';

import type { Clock } from '../ports/clock.ts';
import { RateLimited } from './faults.ts';

export interface RateLimitOptions {
  /** Requests that one client may make in a minute; they may come at once. */
  readonly perMinute: number;
  readonly clock: Clock;
}

interface Bucket {
  tokens: number;
  at: number;
}

const MINUTE_MS = 60_000;
/** Clients that are remembered; the one that was silent longest is forgotten first, and it has a full bucket by then. */
const CLIENTS_MAX = 10_000;
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/**
 * A token bucket for each client. Never applied to loopback without forwarding headers: that is the web role, or whoever
 * runs the machine.
 * @throws RateLimited (the middleware) when a client asks too often
 */
export function limitRate({ perMinute, clock }: RateLimitOptions): RequestHandler {
  const buckets = new Map<string, Bucket>();
  return (request, _response, next) => {
    const client = clientOf(request);
    if (client !== null) {
      const bucket = refilled(buckets.get(client), clock.now(), perMinute);
      if (bucket.tokens < 1)
        throw new RateLimited(Math.ceil(((1 - bucket.tokens) * 60) / perMinute), perMinute);
      bucket.tokens -= 1;
      remember(buckets, client, bucket);
    }
    next();
  };
}

function refilled(bucket: Bucket | undefined, now: number, perMinute: number): Bucket {
  if (bucket === undefined) return { tokens: perMinute, at: now };
  const earned = ((now - bucket.at) * perMinute) / MINUTE_MS;
  return { tokens: Math.min(perMinute, bucket.tokens + earned), at: now };
}

/** A map keeps its insertion order: taken out and put back, the busiest clients are the last. */
function remember(buckets: Map<string, Bucket>, client: string, bucket: Bucket): void {
  buckets.delete(client);
  buckets.set(client, bucket);
  const [oldest] = buckets.keys();
  if (buckets.size > CLIENTS_MAX && oldest !== undefined) buckets.delete(oldest);
}

function clientOf(request: Request): string | null {
  const address = request.ip ?? '';
  const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
  return LOOPBACK.test(address) && !isForwarded ? null : address;
}
