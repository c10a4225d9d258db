import type { FeedbackDesk } from '../record/give-feedback.ts';
import type { RecordPrediction } from '../record/record-prediction.ts';
import type { ReporterKeys } from '../record/reporter-keys.ts';
import type { AnswerOnce } from './answer-once.ts';
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
  readonly answerOnce: AnswerOnce;
  readonly reporterKeys: ReporterKeys;
  /** Waits until few other reports have fetched images in memory. */
  readonly inFetchTurn: <Value>(work: () => Promise<Value>) => Promise<Value>;
}
