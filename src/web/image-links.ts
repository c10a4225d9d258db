import { createHmac, timingSafeEqual } from 'node:crypto';

import type { PredictionId } from '../domain/ids.ts';

const DAY_SECONDS = 86_400;

export interface ImageLinkOptions {
  /** As annotators' browsers reach the web role, without a trailing slash. */
  readonly publicUrl: string;
  /** The first one signs; all are accepted, so that a key can be changed while links made with the old one live on. */
  readonly keys: readonly [string, ...string[]];
  /** Life of a link. */
  readonly days: number;
}

/** Signed, expiring addresses of images, bound to their path. */
export interface ImageLinks {
  /** Says by what the links are made; nothing about the key can be learned from it. */
  readonly fingerprint: string;
  /** @returns the full address, for annotators and other services */
  urlFor(id: PredictionId, now: number): string;
  /** @returns path and query only, for pages of this server */
  pathFor(id: PredictionId, now: number): string;
  /** @returns seconds that the link still lives; null when it is altered, expired, or none */
  secondsLeft(path: string, query: Readonly<Record<string, unknown>>, now: number): number | null;
}

/** Links that end at whole hours, so that the same picture on two pages within the hour is one cached picture. */
export function createImageLinks({ publicUrl, keys, days }: ImageLinkOptions): ImageLinks {
  const pathFor = (id: PredictionId, now: number): string => {
    const path = `/images/${id}`;
    const exp = String(Math.ceil(now / 3_600_000) * 3600 + days * DAY_SECONDS);
    return `${path}?exp=${exp}&sig=${sign(keys[0], path, exp)}`;
  };
  const made = createHmac('sha256', keys[0]).update(`links:v1\n${publicUrl}\n${days}`);
  return {
    fingerprint: made.digest('base64url').slice(0, 22),
    pathFor,
    urlFor: (id, now) => publicUrl + pathFor(id, now),
    secondsLeft: (path, { exp, sig }, now) => {
      if (typeof exp !== 'string' || typeof sig !== 'string' || !/^\d{1,12}$/.test(exp))
        return null;
      if (!keys.some((key) => isSame(sig, sign(key, path, exp)))) return null;
      const left = Math.floor(Number(exp) - now / 1000);
      return left > 0 ? left : null;
    },
  };
}

const sign = (key: string, path: string, exp: string): string =>
  createHmac('sha256', key).update(`image:v1\n${path}\n${exp}`).digest('base64url');

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
