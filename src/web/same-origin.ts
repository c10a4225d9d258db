import type { RequestHandler } from 'express';

import { Forbidden } from '../domain/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site's page makes a browser send. Programs that send neither header are let through: there is
 * no cookie that they could misuse.
 * @param publicUrl its host is ours, whatever name a proxy puts into Host
 */
export function refuseForeignPages(publicUrl: string): RequestHandler {
  const ownHost = new URL(publicUrl).host;
  return (request, _response, next) => {
    if (SAFE_METHODS.has(request.method)) {
      next();
      return;
    }
    const site = request.headers['sec-fetch-site'];
    const { origin } = request.headers;
    const isForeign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && ![ownHost, request.host].includes(hostOf(origin)));
    next(
      isForeign
        ? new Forbidden('This form was sent from another site. Open the page here and try again.')
        : undefined,
    );
  };
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
