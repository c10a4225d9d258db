import { defineMetrics, type MetricDefinition } from './definition.ts';

const WINDOWED = { model_version: 'estimates', window: 'estimates' } as const;

/** A gauge of the sync for each model version and window; absent where it is not defined. */
const estimated = (help: string, more: MetricDefinition['labels'] = {}): MetricDefinition => ({
  type: 'gauge',
  help,
  roles: ['sync'],
  labels: { ...WINDOWED, ...more },
});

const PER_CLASS = { class_name: 'estimates' } as const;
/** `model_version` minus this one. */
const PER_PAIR = { baseline_version: 'estimates' } as const;
const PER_SEGMENT = { segment: 'estimates' } as const;
/** Equal-mass bins, the least confident first. */
const PER_BIN = { bin: ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10'] } as const;

/** What the labels say of the model: absent until it is defined, never 0. */
export const ESTIMATE_METRICS = defineMetrics({
  truthloop_accuracy_ratio: estimated(
    'Estimated share of right answers among all predictions; absent under 5 labels.',
  ),
  truthloop_accuracy_lower_ratio: estimated('Lower end of the 95 % interval of the accuracy.'),
  truthloop_accuracy_upper_ratio: estimated('Upper end of the 95 % interval of the accuracy.'),
  truthloop_accuracy_random_ratio: estimated(
    'Accuracy from the random part alone, weighted by its own rates: the cross-check.',
  ),
  truthloop_accuracy_random_lower_ratio: estimated(
    'Lower end of the 95 % interval of the accuracy from the random part.',
  ),
  truthloop_accuracy_random_upper_ratio: estimated(
    'Upper end of the 95 % interval of the accuracy from the random part.',
  ),
  truthloop_accuracy_naive_ratio: estimated(
    'Plain share of right answers among all labelled ones, for contrast only: biased by design.',
  ),
  truthloop_accuracy_label_free_ratio: estimated(
    'Accuracy expected from the confidences alone, without labels: never an accuracy.',
  ),
  truthloop_labels: estimated('Labelled predictions behind the estimate.'),
  truthloop_effective_labels: estimated(
    'Labels of a simple random sample that would give an interval as wide.',
  ),
  truthloop_maturity_ratio: estimated(
    'Weighted share of the selected predictions that were answered or skipped.',
  ),
  truthloop_coverage_ratio: estimated('Share of the selected predictions that are labelled.'),
  truthloop_window_predictions: estimated('Predictions in the window.'),
  truthloop_window_selected: estimated('Predictions of the window that were selected.'),
  truthloop_window_skipped: estimated('Selected predictions of the window that people skipped.'),
  truthloop_window_open: estimated('Selected predictions of the window that wait for an answer.'),
  truthloop_below_target_evalue: {
    type: 'gauge',
    help: 'Evidence that the accuracy is below its target: 20 or more is an alarm.',
    roles: ['sync'],
    labels: { model_version: 'estimates' },
  },
  truthloop_target_accuracy_ratio: {
    type: 'gauge',
    help: 'The accuracy that the team wants to hold (TARGET_ACCURACY).',
    roles: ['sync'],
    labels: {},
  },
  truthloop_offline_accuracy_ratio: {
    type: 'gauge',
    help: 'Accuracy on the held-out test before release, as model.json says it.',
    roles: ['sync'],
    labels: { model_version: 'estimates' },
  },
  truthloop_class_precision_ratio: estimated(
    'Estimated share of right answers among predictions of the class.',
    PER_CLASS,
  ),
  truthloop_class_recall_ratio: estimated(
    'Estimated share of predictions of the class among photos of the class.',
    PER_CLASS,
  ),
  truthloop_class_f1_ratio: estimated('Harmonic mean of precision and recall.', PER_CLASS),
  truthloop_class_labels: estimated('Labelled predictions whose true class it is.', PER_CLASS),
  truthloop_segment_accuracy_ratio: estimated(
    'Estimated accuracy in the segment; absent with too few labels.',
    PER_SEGMENT,
  ),
  truthloop_segment_accuracy_lower_ratio: estimated(
    'Lower end of the 95 % interval of the accuracy in the segment.',
    PER_SEGMENT,
  ),
  truthloop_segment_accuracy_upper_ratio: estimated(
    'Upper end of the 95 % interval of the accuracy in the segment.',
    PER_SEGMENT,
  ),
  truthloop_segment_labels: estimated('Labelled predictions of the segment.', PER_SEGMENT),
  truthloop_calibration_error_ratio: estimated(
    'Calibration error: root mean square distance of confidence and accuracy, less what the chance of few labels makes.',
  ),
  truthloop_brier_score: estimated('Brier score of the predicted class: 0 is best.'),
  truthloop_reliability_confidence_ratio: estimated(
    'Mean confidence in one bin of the reliability diagram.',
    PER_BIN,
  ),
  truthloop_reliability_accuracy_ratio: estimated(
    'Estimated accuracy in one bin of the reliability diagram.',
    PER_BIN,
  ),
  truthloop_flag_precision_ratio: estimated(
    'Share of wrong answers among those that users called wrong: what a flag is worth.',
  ),
  truthloop_flag_recall_ratio: estimated(
    'Share of wrong answers that users called wrong: how much flags find.',
  ),
  truthloop_version_difference_ratio: estimated(
    'Accuracy of model_version minus that of baseline_version on predictions that both answered; absent with too few labels.',
    PER_PAIR,
  ),
  truthloop_version_difference_lower_ratio: estimated(
    'Lower end of the 95 % interval of the difference.',
    PER_PAIR,
  ),
  truthloop_version_difference_upper_ratio: estimated(
    'Upper end of the 95 % interval of the difference.',
    PER_PAIR,
  ),
  truthloop_versions_compared_predictions: estimated(
    'Predictions of the window that both versions answered.',
    PER_PAIR,
  ),
  truthloop_versions_differ_predictions: estimated(
    'Of those, the ones for which they named different classes.',
    PER_PAIR,
  ),
  truthloop_versions_differ_labels: estimated(
    'Of those that differ, the labelled ones: they alone tell the difference.',
    PER_PAIR,
  ),
  truthloop_annotator_agreement: estimated(
    "Krippendorff's alpha between annotators: 1 is perfect, 0 is chance.",
  ),
  truthloop_estimate_timestamp_seconds: estimated('When the estimate was computed.'),
});
