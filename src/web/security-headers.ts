import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers of every answer. Pages load from here alone and run no inline script or style. `same-origin` rather than no
 * referrer at all: without one, browsers would send `Origin: null` with our own forms.
 * @param publicUrl with https, browsers are told to stay there
 */
export function securityHeaders(publicUrl: string): RequestHandler {
  const isTls = publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'manifest-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
        ...(isTls ? { 'upgrade-insecure-requests': [] } : {}),
      },
    },
    strictTransportSecurity: isTls ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    // Over plain http browsers ignore it and say so in the console of every page.
    crossOriginOpenerPolicy: isTls ? { policy: 'same-origin' } : false,
    originAgentCluster: isTls,
  });
}
