import type { Request } from 'express';

import { hasBearer } from '../http/bearer.ts';

const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Did a program or person on this very machine ask, without a proxy in between? Where one is known to stand
 * (TRUST_PROXY) nobody counts as local: it may name nobody, and then all the world would. The Host header is looked at
 * too, or a page elsewhere could have its name point here and read along.
 */
export function isLocal(request: Request): boolean {
  if (Number(request.app.get('trust proxy')) > 0) return false;
  if (FORWARDING_HEADERS.some((header) => request.headers[header] !== undefined)) return false;
  return isLoopback(request.socket.remoteAddress ?? '') && isLocalName(request.headers.host ?? '');
}

const isLoopback = (address: string): boolean =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);

const isLocalName = (host: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host);

/** Did the caller show this key as a bearer token? */
export const showsKey = (request: Request, key: string): boolean =>
  hasBearer(request.headers.authorization, key);
