import { FEEDBACK_KINDS } from '../feedback.ts';
import { defineMetrics } from './definition.ts';

/** What the classifier and the web role say of predictions and uploads. */
export const PREDICTION_METRICS = defineMetrics({
  prediction_confidence: {
    type: 'histogram',
    help: 'Confidence of the predicted class.',
    roles: ['classifier'],
    labels: {},
    buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  },
  predicted_class_total: {
    type: 'counter',
    help: 'Predictions by predicted class.',
    roles: ['classifier'],
    labels: { class_name: 'classes' },
  },
  drift_events_total: {
    type: 'counter',
    help: 'Times that the drift detector said that the input is no longer like the reference.',
    roles: ['classifier'],
    labels: {},
  },
  drift_test_stat: {
    type: 'histogram',
    help: "Values of the drift detector's test statistic.",
    roles: ['classifier'],
    labels: {},
    buckets: [-0.05, 0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1],
  },
  truthloop_predict_stage_duration_seconds: {
    type: 'histogram',
    help: 'Time that each stage of a prediction took.',
    roles: ['classifier'],
    labels: { stage: ['decode', 'preprocess', 'infer', 'postprocess'] },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  truthloop_predict_inflight: {
    type: 'gauge',
    help: 'Predictions that workers are busy with.',
    roles: ['classifier'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_predict_queue_depth: {
    type: 'gauge',
    help: 'Predictions that wait for a worker.',
    roles: ['classifier'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_predict_queue_limit: {
    type: 'gauge',
    help: 'Predictions that may wait for a worker before the next one is refused.',
    roles: ['classifier'],
    labels: {},
  },
  truthloop_predict_rejected_total: {
    type: 'counter',
    help: 'Predictions refused because there was more work than the classifier could take.',
    roles: ['classifier'],
    labels: { reason: ['queue_full', 'deadline', 'rate_limit', 'draining'] },
  },
  truthloop_batch_size: {
    type: 'histogram',
    help: 'Images in one run of the model.',
    roles: ['classifier'],
    labels: {},
    buckets: [1, 2, 4, 8, 16, 32],
  },
  truthloop_model_info: {
    type: 'gauge',
    help: 'Which model answers: always 1.',
    roles: ['classifier'],
    labels: { model: 'facts', model_version: 'facts', sha8: 'facts' },
  },
  truthloop_shadow_model_info: {
    type: 'gauge',
    help: 'Which model is asked beside the one that answers: always 1; absent without one.',
    roles: ['classifier'],
    labels: { model: 'facts', model_version: 'facts', sha8: 'facts' },
  },
  truthloop_reference_confidence_ratio: {
    type: 'gauge',
    help: 'Mean confidence on the held-out test before release, as model.json says it.',
    roles: ['classifier'],
    labels: {},
  },
  truthloop_upload_rejected_total: {
    type: 'counter',
    help: 'Uploads refused, by what was wrong with them.',
    roles: ['web'],
    labels: { reason: ['type', 'bytes', 'pixels', 'corrupt', 'missing', 'quota'] },
  },
  truthloop_predictions_recorded_total: {
    type: 'counter',
    help: 'Predictions recorded, by where they came from.',
    roles: ['web'],
    labels: { source: ['web', 'reported'] },
  },
  truthloop_canary_answers_total: {
    type: 'counter',
    help: 'Uploads that the model which does not serve was to answer: it did, or it was busy or failed and the model in service answered.',
    roles: ['web'],
    labels: { result: ['served', 'busy', 'failed'] },
  },
  truthloop_shadow_answers_total: {
    type: 'counter',
    help: 'Predictions about which the model that did not answer was asked too: its answer was recorded, dropped for want of time, or it failed.',
    roles: ['web'],
    labels: { result: ['recorded', 'dropped', 'failed'] },
  },
  truthloop_feedback_total: {
    type: 'counter',
    help: 'Feedback given by users; taken back later or not.',
    roles: ['web'],
    labels: { kind: FEEDBACK_KINDS },
  },
});
