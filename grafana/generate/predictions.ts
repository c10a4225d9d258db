import { board } from './board.ts';
import type { ClassicBoard } from './classic.ts';
import { bars, COLOURS, distribution, lines, number, rows, states, styledLines } from './panels.ts';
import { growth, of, oneOf, quantile, rate, sumBy } from './query.ts';

const NONE = 'No predictions in this time';

const now = [
  number({
    title: 'Predictions',
    description: 'Answers of the classifier over the time shown.',
    unit: 'short',
    min: 0,
    decimals: 0,
    noValue: NONE,
    targets: [{ expr: sumBy('', growth(of('predicted_class_total'))), legend: 'predictions' }],
  }),
  number({
    title: 'Mean confidence',
    description:
      'Good: near the reference beside it. Far lower: other pictures than at release, or another model.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    decimals: 1,
    noValue: NONE,
    targets: [
      {
        expr: `${sumBy('', growth(of('prediction_confidence_sum')))} / (${sumBy('', growth(of('prediction_confidence_count')))} > 0)`,
        legend: 'mean',
      },
    ],
  }),
  number({
    title: 'Reference confidence',
    description: 'Mean confidence on the held-out test before release, from model.json.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    decimals: 1,
    noValue: 'model.json says none',
    targets: [{ expr: oneOf('', of('truthloop_reference_confidence_ratio')), legend: 'reference' }],
  }),
  number({
    title: 'Drift events',
    description:
      'Times that the detector spoke up over the time shown. Drift says that the input changed, not that the answers are wrong.',
    unit: 'short',
    min: 0,
    decimals: 0,
    noValue: 'No drift detector',
    targets: [{ expr: sumBy('', growth(of('drift_events_total'))), legend: 'events' }],
  }),
  rows(
    {
      title: 'Models that answer',
      description:
        'Name, version and digest of the model of each classifier. Two versions at once: a canary, or a deployment under way.',
      unit: 'none',
      noValue: 'The classifier is not scraped',
      width: 8,
      height: 5,
      targets: [
        { expr: oneOf('model, model_version, sha8', of('truthloop_model_info')), legend: '' },
      ],
    },
    ['running'],
  ),
];

const confidence = [
  distribution({
    title: 'Confidence',
    description:
      'Predictions by confidence over time. Good: most of them near 1 and no new band further down.',
    unit: 'short',
    noValue: NONE,
    targets: [
      {
        expr: sumBy('le', `increase(${of('prediction_confidence_bucket')}[$__rate_interval])`),
        legend: '{{le}}',
      },
    ],
  }),
  styledLines(
    {
      title: 'Mean confidence against its reference',
      description:
        'Over ten points below the reference ConfidenceLow opens a ticket. Then look at what people upload.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      noValue: NONE,
      targets: [
        {
          expr: `${sumBy('', rate(of('prediction_confidence_sum')))} / (${sumBy('', rate(of('prediction_confidence_count')))} > 0)`,
          legend: 'mean',
        },
        { expr: oneOf('', of('truthloop_reference_confidence_ratio')), legend: 'reference' },
      ],
    },
    [
      { legend: 'mean', color: COLOURS.blue },
      { legend: 'reference', color: COLOURS.orange, dashed: true },
    ],
  ),
];

const classes = [
  bars({
    title: 'Predicted classes',
    description:
      'Over the time shown. Compare with the week before beside it: a class that appears or vanishes asks why.',
    unit: 'short',
    min: 0,
    decimals: 0,
    height: 10,
    noValue: NONE,
    targets: [
      { expr: sumBy('class_name', growth(of('predicted_class_total'))), legend: '{{class_name}}' },
    ],
  }),
  bars({
    title: 'Share of each class: change against the week before',
    description:
      'Points of share, last day minus the seven days before it. Good: within a few points of 0.',
    unit: 'percentunit',
    height: 10,
    noValue: 'Less than a day of predictions',
    targets: [
      {
        expr: `${share('1d', '')} - ${share('7d', ' offset 1d')}`,
        legend: '{{class_name}}',
      },
    ],
  }),
];

function share(range: string, offset: string): string {
  const growthIn = `increase(${of('predicted_class_total')}[${range}]${offset})`;
  return `(${sumBy('class_name', growthIn)} / on () group_left () (sum(${growthIn}) > 0))`;
}

const drift = [
  lines({
    title: 'Drift events per second',
    description: 'Good: 0. One that stays: look at the pictures of that time in Label Studio.',
    unit: 'ops',
    min: 0,
    noValue: 'No drift detector',
    targets: [{ expr: sumBy('', rate(of('drift_events_total'))), legend: 'events' }],
  }),
  lines({
    title: 'Evidence of drift, by signal',
    description:
      'The last window against the reference, as -log10 of the p-value. Good: under 2. Which signal rises says what changed: the pictures (embedding), how sure the model is, or the mix of its answers.',
    unit: 'none',
    min: 0,
    noValue: 'No drift detector',
    targets: [
      {
        expr: oneOf('instance, signal', of('truthloop_drift_signal_evidence')),
        legend: '{{signal}} {{instance}}',
      },
    ],
  }),
  lines({
    title: 'Test statistic of the drift detector',
    description:
      "How far the recent pictures are from the reference. Good: near 0. What counts as far is the detector's to say.",
    unit: 'none',
    noValue: 'No tests in this time',
    targets: [0.5, 0.95].map((q) => ({
      expr: quantile(q, rate(of('drift_test_stat_bucket'))),
      legend: q === 0.5 ? 'median' : 'p95',
    })),
  }),
  lines({
    title: "Stability index of the predicted classes' mix",
    description:
      'Of the last window against the reference. Good: under 0.1. Above 0.2 the mix is another one: compare the classes above.',
    unit: 'none',
    min: 0,
    noValue: 'No drift detector',
    targets: [
      {
        expr: oneOf('instance', of('truthloop_drift_stability_index')),
        legend: '{{instance}}',
      },
    ],
  }),
  lines({
    title: 'Windows compared with the reference',
    description:
      'Comparisons over the time shown, and those in which a signal differed. None: too little traffic for a window, or the reference is still being learned.',
    unit: 'short',
    min: 0,
    decimals: 0,
    noValue: 'No drift detector',
    targets: [
      { expr: sumBy('', growth(of('truthloop_drift_tests_total'))), legend: 'windows' },
      {
        expr: sumBy('signal', growth(of('truthloop_drift_signal_events_total'))),
        legend: '{{signal}}',
      },
    ],
  }),
  lines({
    title: 'What the detector has seen',
    description:
      'Predictions behind the reference, and in the window since the last comparison. Good: the reference stands still, the window is a saw. A reference that grows is still being learned.',
    unit: 'short',
    min: 0,
    decimals: 0,
    noValue: 'No drift detector',
    targets: [
      {
        expr: oneOf('instance', of('truthloop_drift_reference_predictions')),
        legend: 'reference {{instance}}',
      },
      {
        expr: oneOf('instance', of('truthloop_drift_window_predictions')),
        legend: 'window {{instance}}',
      },
    ],
  }),
  states({
    title: 'What the detector does',
    description:
      'It learns its reference from the first predictions where it is given none, then watches. Learning for long: little traffic, or it restarts again and again.',
    unit: 'none',
    noValue: 'No drift detector',
    mappings: {
      '0': { text: 'learning', color: COLOURS.orange },
      '1': { text: 'watching', color: COLOURS.green },
    },
    targets: [
      {
        expr: oneOf('instance', of('truthloop_drift_state', 'state="watching"')),
        legend: '{{instance}}',
      },
    ],
  }),
];

export const predictions = (): ClassicBoard =>
  board({
    uid: 'truthloop-predictions',
    title: 'Predictions',
    description: 'What the model says: confidence, classes, drift. None of it is accuracy.',
    jobs: 'food11',
    from: 'now-6h',
    rows: [
      { title: 'Now', panels: now },
      { title: 'Confidence', panels: confidence },
      { title: 'Classes', panels: classes },
      { title: 'Drift', panels: drift },
    ],
  });
