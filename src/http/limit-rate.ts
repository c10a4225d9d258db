import { isIPv6 } from 'node:net';

import type { Request, RequestHandler } from 'express';

import { AppError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';

/** One client asks more often than it may. */
export class RateLimited extends AppError {
  readonly code = 'RATE_LIMITED';
  readonly retryable = true;
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number, perMinute: number) {
    super(`Too many requests: at most ${perMinute} a minute are taken from one client.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface RateLimitOptions {
  /** Requests that one client may make in a minute; they may come at once. 0: no limit. */
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
    const client = perMinute === 0 ? null : clientOf(request);
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
  return LOOPBACK.test(address) && !isForwarded ? null : networkOf(address);
}

/** Whoever has one IPv6 address has the 2^64 of its network; an IPv4 address stands for itself. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':'));
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
