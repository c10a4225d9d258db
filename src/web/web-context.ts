import type { Request } from 'express';

import type { FeedbackDesk } from '../record/give-feedback.ts';
import type { RecordPrediction } from '../record/record-prediction.ts';
import type { OpsSession } from './ops-session.ts';
import type { Pages } from './pages.ts';
import type { ReceiveBody } from './receive-body.ts';
import type { WebOptions } from './web-options.ts';

/** What the routes share. */
export interface WebContext extends WebOptions {
  readonly pages: Pages;
  readonly receive: ReceiveBody;
  readonly record: RecordPrediction;
  readonly feedback: FeedbackDesk;
  readonly ops: OpsSession;
}

/** Browsers ask for HTML by name; whatever takes anything (curl, fetch) gets JSON. */
export const wantsPage = (request: Request): boolean =>
  request.accepts(['json', 'html']) === 'html';
