import { defineMetrics } from './definition.ts';

/** What is compared with the reference. */
export const DRIFT_SIGNALS = ['embedding', 'confidence', 'class_mix'] as const;
export type DriftSignal = (typeof DRIFT_SIGNALS)[number];

const labels = { signal: DRIFT_SIGNALS };

/** What the classifier says of its input; it says nothing of how right the answers are. */
export const DRIFT_METRICS = defineMetrics({
  truthloop_drift_tests_total: {
    type: 'counter',
    help: 'Windows of predictions compared with the reference.',
    roles: ['classifier'],
    labels: {},
  },
  truthloop_drift_signal_events_total: {
    type: 'counter',
    help: 'Windows in which a signal differed from the reference, by signal.',
    roles: ['classifier'],
    labels,
  },
  truthloop_drift_signal_statistic: {
    type: 'gauge',
    help: 'Test statistic of the last window: squared mean discrepancy, Kolmogorov-Smirnov distance, chi-square.',
    roles: ['classifier'],
    labels,
    startsAtZero: true,
  },
  truthloop_drift_signal_evidence: {
    type: 'gauge',
    help: 'Evidence of the last window against "nothing changed", as -log10 of the p-value: 3 is one in a thousand.',
    roles: ['classifier'],
    labels,
    startsAtZero: true,
  },
  truthloop_drift_stability_index: {
    type: 'gauge',
    help: "Population stability index of the last window's class mix.",
    roles: ['classifier'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_drift_reference_predictions: {
    type: 'gauge',
    help: 'Predictions that the reference is made of; while it is learned, those taken so far.',
    roles: ['classifier'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_drift_window_predictions: {
    type: 'gauge',
    help: 'Predictions seen since the last comparison.',
    roles: ['classifier'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_drift_state: {
    type: 'gauge',
    help: 'What the detector does: learning its reference or watching; 1 for what holds.',
    roles: ['classifier'],
    labels: { state: ['learning', 'watching'] },
    startsAtZero: true,
  },
});
