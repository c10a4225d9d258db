import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Request, Response } from 'express';

import { Forbidden, Unauthorized } from '../domain/errors.ts';
import { isLocal, showsKey } from './access.ts';

const COOKIE = 'truthloop_ops';
const LIFE_MS = 12 * 3_600_000;

/** Knows who runs the service: by the key itself, or by a cookie that was given for it. */
export interface OpsSession {
  /** Did the caller show the key or a live cookie? */
  isOps(request: Request, now: number): boolean;
  /** @throws Unauthorized; Forbidden for a change that a cookie alone stands behind */
  require(request: Request, now: number): void;
  /** @throws Unauthorized for who neither runs the service nor asks from this machine */
  requireNear(request: Request, now: number): void;
  /** @returns false when the key is wrong */
  begin(response: Response, key: unknown, now: number): boolean;
  end(response: Response): void;
}

/**
 * Nothing is kept here: the cookie says until when it is good, signed with the ops key, so that it holds on every
 * process and ends when the key changes.
 * @param publicUrl with https the cookie never travels without
 */
export function createOpsSession(opsKey: string, publicUrl: string): OpsSession {
  const signed = (exp: string): string =>
    `${exp}.${createHmac('sha256', opsKey).update(`ops-session:v1\n${exp}`).digest('base64url')}`;
  const hasCookie = (request: Request, now: number): boolean => {
    const given = cookieOf(request);
    const exp = /^(\d{1,15})\./.exec(given)?.[1];
    return exp !== undefined && isSame(given, signed(exp)) && Number(exp) > now;
  };
  const isOps = (request: Request, now: number): boolean =>
    showsKey(request, opsKey) || hasCookie(request, now);
  const attributes = {
    httpOnly: true,
    sameSite: 'strict',
    secure: publicUrl.startsWith('https:'),
    path: '/',
  } as const;
  return {
    isOps,
    require: (request, now) => {
      if (!isOps(request, now)) throw new Unauthorized(SIGN_IN);
      if (request.method !== 'GET' && !showsKey(request, opsKey) && !isFromBrowser(request))
        throw new Forbidden('Send this from the page, or with the ops key.');
    },
    requireNear: (request, now) => {
      if (!isLocal(request) && !isOps(request, now)) throw new Unauthorized(SIGN_IN);
    },
    begin: (response, key, now) => {
      if (typeof key !== 'string' || !isSame(key, opsKey)) return false;
      response.cookie(COOKIE, signed(String(now + LIFE_MS)), { ...attributes, maxAge: LIFE_MS });
      return true;
    },
    end: (response) => {
      response.clearCookie(COOKIE, attributes);
    },
  };
}

const SIGN_IN =
  'This is for whoever runs the service: sign in with the ops key, or send it (Authorization: Bearer <OPS_KEY>).';

/** Browsers say where a form comes from; that it comes from here was checked before. */
const isFromBrowser = (request: Request): boolean =>
  request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined;

/** As it was sent: what was given holds nothing that a cookie would have to encode. */
function cookieOf(request: Request): string {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const found = pairs.find((pair) => pair.startsWith(`${COOKIE}=`));
  return found?.slice(COOKIE.length + 1) ?? '';
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
