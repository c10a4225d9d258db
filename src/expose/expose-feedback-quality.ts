import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { Meter } from '../ports/meter.ts';
import { replaceGauge } from './replace-gauge.ts';

/** What users' flags are worth, measured against people's labels. */
export function exposeFeedbackQuality(meter: Meter, estimates: readonly AccuracyEstimate[]): void {
  replaceGauge(meter, 'truthloop_flag_precision_ratio', estimates, ({ feedback }) => [
    { value: feedback.flagPrecision?.value },
  ]);
  replaceGauge(meter, 'truthloop_flag_recall_ratio', estimates, ({ feedback }) => [
    { value: feedback.flagRecall?.value },
  ]);
}
