import type { Request } from 'express';

/** Browsers ask for HTML by name; whatever takes anything (curl, fetch) gets JSON. */
export const wantsPage = (request: Request): boolean =>
  request.accepts(['json', 'html']) === 'html';
