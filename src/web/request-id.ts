import type { RequestHandler, Response } from 'express';

import type { Random } from '../ports/random.ts';

const GIVEN = /^[\w.-]{8,64}$/;

/** Names each request, in the answer and in the log; a name that came with it (from a proxy) is kept. */
export function nameRequests(random: Random): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && GIVEN.test(given) ? given : random.id();
    response.locals['requestId'] = id;
    response.set('X-Request-Id', id);
    next();
  };
}

export const requestIdOf = (response: Response): string => String(response.locals['requestId']);
