import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { Meter } from '../ports/meter.ts';
import { replaceGauge } from './replace-gauge.ts';

/** How far confidences can be trusted: error, Brier score and the reliability diagram's points. */
export function exposeCalibration(meter: Meter, estimates: readonly AccuracyEstimate[]): void {
  replaceGauge(meter, 'truthloop_calibration_error_ratio', estimates, ({ calibration }) => [
    { value: calibration?.eceDebiased },
  ]);
  replaceGauge(meter, 'truthloop_brier_score', estimates, ({ calibration }) => [
    { value: calibration?.brier },
  ]);
  replaceGauge(meter, 'truthloop_reliability_confidence_ratio', estimates, (estimate) =>
    reliabilityPoints(estimate).map(({ labels, confidence }) => ({ labels, value: confidence })),
  );
  replaceGauge(meter, 'truthloop_reliability_accuracy_ratio', estimates, (estimate) =>
    reliabilityPoints(estimate).map(({ labels, accuracy }) => ({ labels, value: accuracy })),
  );
}

/** A bin without an accuracy is no point of the diagram: neither of its two series is shown. */
function reliabilityPoints({ calibration }: AccuracyEstimate) {
  return (calibration?.bins ?? []).flatMap(({ accuracy, meanConfidence }, index) =>
    accuracy === null
      ? []
      : [
          {
            labels: { bin: String(index + 1).padStart(2, '0') },
            confidence: meanConfidence,
            accuracy: accuracy.value,
          },
        ],
  );
}
