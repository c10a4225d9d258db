import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import type { MetricName } from '../../src/domain/metrics.ts';
import { board, labelVariable, type Row } from './board.ts';
import type { ClassicBoard } from './classic.ts';
import {
  bars,
  COLOURS,
  groupedBars,
  lines,
  number,
  type PanelSpec,
  rows,
  styledLines,
  words,
} from './panels.ts';
import { growth, of, oneOf, sumBy } from './query.ts';

const CHOSEN = ['model_version=~"$model_version"', 'window="$window"'] as const;

/** One series per model version, whichever sync says it. */
const chosen = (name: MetricName, labels = 'model_version'): string =>
  oneOf(labels, of(name, ...CHOSEN));

const RATIO = { unit: 'percentunit', min: 0, max: 1, decimals: 1 } as const;
const UNDEFINED = 'Not defined yet: too few labels in this window';

const howToRead = words(
  'How to read this',
  'The thick line is the estimated share of right answers among **all** predictions of the window, inside its 95 % interval. ' +
    'The random part is the cross-check: the two intervals should meet. The grey line is the plain mean of all labels, which the choice of what to label biases: ' +
    'it is there for the contrast. The dashed line needs no labels and is never an accuracy. Nothing is drawn under 5 labels.',
);

const headline: PanelSpec[] = [
  {
    ...RATIO,
    title: 'Accuracy',
    description:
      'The newest estimate. Good: at or above the target. When it is below, look at the classes further down.',
    noValue: UNDEFINED,
    targets: [{ expr: chosen('truthloop_accuracy_ratio'), legend: '{{model_version}}' }],
  },
  {
    ...RATIO,
    title: 'Target',
    description: 'The accuracy to hold (TARGET_ACCURACY). Alerts compare with it.',
    noValue: 'The sync has not said it yet',
    targets: [{ expr: oneOf('', of('truthloop_target_accuracy_ratio')), legend: 'target' }],
  },
  {
    title: 'Evidence against the target',
    description:
      'E-value of "the accuracy is below the target". Good: near or below 1. From 20 on ProductionAccuracyLow pages.',
    unit: 'none',
    min: 0,
    noValue: 'No traffic or no labels in the last day',
    thresholds: [
      { value: null, color: COLOURS.blue },
      { value: 20, color: COLOURS.red },
    ],
    targets: [
      {
        expr: oneOf(
          'model_version',
          of('truthloop_below_target_evalue', 'model_version=~"$model_version"'),
        ),
        legend: '{{model_version}}',
      },
    ],
  },
  {
    title: 'Labels',
    description:
      'Labelled predictions behind the estimate. Under 5 there is none; 50 make it useful.',
    unit: 'short',
    min: 0,
    noValue: 'No labels',
    targets: [{ expr: chosen('truthloop_labels'), legend: '{{model_version}}' }],
  },
  {
    ...RATIO,
    title: 'Maturity',
    description:
      'Share of the selected predictions that people answered or skipped. Good: above 0.8. Low: the window may still change its mind.',
    noValue: 'Nothing selected',
    targets: [{ expr: chosen('truthloop_maturity_ratio'), legend: '{{model_version}}' }],
  },
  {
    ...RATIO,
    title: 'Budget used today',
    description:
      'Tasks selected on this UTC day over LABEL_BUDGET_PER_DAY. Raise the budget when it is used up early.',
    noValue: 'The sync has not run yet',
    targets: [
      {
        expr: `${oneOf('', of('truthloop_label_budget_used_tasks'))} / ${oneOf('', of('truthloop_label_budget_tasks'))}`,
        legend: 'used',
      },
    ],
  },
];

const estimate = styledLines(
  {
    ...RATIO,
    title: 'Production accuracy with its 95 % interval',
    description:
      'The estimate inside its band, beside the random part, the label-free line, the offline result and the naive mean. ' +
      'Good: the band above the target line. A band that is wide asks for more labels, not for another model.',
    noValue: UNDEFINED,
    width: 24,
    height: 12,
    targets: [
      { expr: chosen('truthloop_accuracy_ratio'), legend: 'accuracy {{model_version}}' },
      { expr: chosen('truthloop_accuracy_upper_ratio'), legend: 'upper {{model_version}}' },
      { expr: chosen('truthloop_accuracy_lower_ratio'), legend: 'lower {{model_version}}' },
      { expr: chosen('truthloop_accuracy_random_ratio'), legend: 'random part {{model_version}}' },
      {
        expr: chosen('truthloop_accuracy_label_free_ratio'),
        legend: 'label-free {{model_version}}',
      },
      {
        expr: oneOf(
          'model_version',
          of('truthloop_offline_accuracy_ratio', 'model_version=~"$model_version"'),
        ),
        legend: 'offline {{model_version}}',
      },
      { expr: chosen('truthloop_accuracy_naive_ratio'), legend: 'naive mean {{model_version}}' },
      { expr: oneOf('', of('truthloop_target_accuracy_ratio')), legend: 'target' },
    ],
  },
  [
    { legend: 'accuracy .*', color: COLOURS.blue, width: 4 },
    { legend: 'upper .*', color: COLOURS.sky, width: 1, hideFromLegend: true },
    { legend: 'lower .*', color: COLOURS.sky, width: 1, hideFromLegend: true },
    { legend: 'random part .*', color: COLOURS.green },
    { legend: 'label-free .*', color: COLOURS.purple, dashed: true },
    { legend: 'offline .*', color: COLOURS.orange, dashed: true },
    { legend: 'naive mean .*', color: COLOURS.grey, width: 1 },
    { legend: 'target', color: COLOURS.red, dashed: true },
  ],
);

const band = styledLines(
  {
    ...RATIO,
    title: 'The newest model version: estimate and interval',
    description:
      'The version with the most labels in the window, its interval as a band. Good: the band narrows as labels come and stays above the target.',
    noValue: UNDEFINED,
    targets: [
      {
        expr: `max(${of('truthloop_accuracy_upper_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'upper',
      },
      {
        expr: `max(${of('truthloop_accuracy_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'accuracy',
      },
      {
        expr: `max(${of('truthloop_accuracy_lower_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'lower',
      },
    ],
  },
  [
    { legend: 'upper', color: COLOURS.sky, width: 1, fillBelowTo: 'lower' },
    { legend: 'accuracy', color: COLOURS.blue, width: 4 },
    { legend: 'lower', color: COLOURS.sky, width: 1 },
  ],
);

function mostLabels(): string {
  return `topk(1, ${of('truthloop_labels', ...CHOSEN)})`;
}

const random = styledLines(
  {
    ...RATIO,
    title: 'The random part alone',
    description:
      'Accuracy from the randomly chosen labels only, with its interval: wider, and free of any assumption. Good: it meets the band beside it; else see EstimatesDisagree.',
    noValue: UNDEFINED,
    targets: [
      {
        expr: `max(${of('truthloop_accuracy_random_upper_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'upper',
      },
      {
        expr: `max(${of('truthloop_accuracy_random_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'random part',
      },
      {
        expr: `max(${of('truthloop_accuracy_random_lower_ratio', ...CHOSEN)} and ${mostLabels()})`,
        legend: 'lower',
      },
    ],
  },
  [
    { legend: 'upper', color: COLOURS.green, width: 1, fillBelowTo: 'lower' },
    { legend: 'random part', color: COLOURS.green, width: 4 },
    { legend: 'lower', color: COLOURS.green, width: 1 },
  ],
);

const versions = rows(
  {
    ...RATIO,
    title: 'Model versions side by side',
    description:
      'Accuracy, interval and labels of each version in the chosen window. Two versions differ when their intervals do not meet.',
    noValue: UNDEFINED,
    width: 24,
    height: 7,
    targets: [
      { expr: chosen('truthloop_accuracy_ratio'), legend: '' },
      { expr: chosen('truthloop_accuracy_lower_ratio'), legend: '' },
      { expr: chosen('truthloop_accuracy_upper_ratio'), legend: '' },
      { expr: chosen('truthloop_accuracy_random_ratio'), legend: '' },
      { expr: chosen('truthloop_accuracy_naive_ratio'), legend: '' },
      {
        expr: oneOf('model_version', of('truthloop_offline_accuracy_ratio', CHOSEN[0])),
        legend: '',
      },
      { expr: chosen('truthloop_labels'), legend: '' },
      { expr: chosen('truthloop_effective_labels'), legend: '' },
    ],
  },
  [
    'accuracy',
    'lower',
    'upper',
    'random part',
    'naive mean',
    'offline',
    'labels',
    'effective labels',
  ],
).overrideByRegexp('/.*labels/', [
  { id: 'unit', value: 'short' },
  { id: 'max', value: null },
]);

/** Both versions are named: which one the difference speaks for must not depend on who serves now. */
const BOTH = 'model_version, baseline_version';
const VERSUS = '{{model_version}} minus {{baseline_version}}';

/** Of every pair: a version that never served is no choice of the board's variable. */
const compared = (name: MetricName): string => oneOf(BOTH, of(name, CHOSEN[1]));

const sameTraffic: Row = {
  title: 'Two versions on the same traffic',
  panels: [
    styledLines(
      {
        unit: 'percentunit',
        decimals: 1,
        title: 'Difference in accuracy, with its 95 % interval',
        description:
          'Accuracy of the later version minus that of the one before, on predictions that both answered. Good for the later one: the whole band above 0. Around 0: it can not be told yet, labels of the disagreements will.',
        noValue: 'No second model answers, or too few disagreements are labelled',
        width: 16,
        height: 9,
        targets: [
          { expr: compared('truthloop_version_difference_ratio'), legend: VERSUS },
          {
            expr: compared('truthloop_version_difference_upper_ratio'),
            legend: `upper ${VERSUS}`,
          },
          {
            expr: compared('truthloop_version_difference_lower_ratio'),
            legend: `lower ${VERSUS}`,
          },
        ],
      },
      [
        { legend: 'upper .*', color: COLOURS.sky, width: 1, hideFromLegend: true },
        { legend: 'lower .*', color: COLOURS.sky, width: 1, hideFromLegend: true },
      ],
    ),
    lines({
      title: 'What stands behind the difference',
      description:
        'Predictions that both answered, those on which they differ, and the labelled ones of these. Few labels beside many differing ones: people fall behind in the Disputed project.',
      unit: 'short',
      min: 0,
      noValue: 'No second model answers',
      width: 8,
      height: 9,
      targets: [
        {
          expr: compared('truthloop_versions_compared_predictions'),
          legend: `both answered: ${VERSUS}`,
        },
        {
          expr: compared('truthloop_versions_differ_predictions'),
          legend: `differ: ${VERSUS}`,
        },
        {
          expr: compared('truthloop_versions_differ_labels'),
          legend: `labelled: ${VERSUS}`,
        },
      ],
    }),
  ],
};

const perClass = (name: MetricName, title: string, description: string) =>
  bars({
    ...RATIO,
    title,
    description,
    noValue: UNDEFINED,
    width: 8,
    height: 10,
    targets: [{ expr: chosen(name, 'class_name'), legend: '{{class_name}}' }],
  });

const classes: Row = {
  title: 'Classes and segments',
  panels: [
    perClass(
      'truthloop_class_precision_ratio',
      'Precision by predicted class',
      'When the model says the class, how often it is right. Low: it says the class too readily.',
    ),
    perClass(
      'truthloop_class_recall_ratio',
      'Recall by true class',
      'How many photos of the class the model finds. Low: train with more of them.',
    ),
    perClass(
      'truthloop_class_f1_ratio',
      'F1 by class',
      'Precision and recall in one number. Use it to find the weakest class, then look at the other two.',
    ),
    bars({
      title: 'Labels by true class',
      description: 'What stands behind the bars above. Fewer than 10: read that class with care.',
      unit: 'short',
      min: 0,
      noValue: 'No labels',
      targets: [{ expr: chosen('truthloop_class_labels', 'class_name'), legend: '{{class_name}}' }],
    }),
    rows(
      {
        ...RATIO,
        title: 'Segments',
        description:
          'Accuracy with interval in each segment (SEGMENTS). A segment whose interval lies below the others needs attention.',
        noValue: 'No segments are configured, or too few labels in them',
        targets: [
          { expr: chosen('truthloop_segment_accuracy_ratio', 'segment'), legend: '' },
          { expr: chosen('truthloop_segment_accuracy_lower_ratio', 'segment'), legend: '' },
          { expr: chosen('truthloop_segment_accuracy_upper_ratio', 'segment'), legend: '' },
          { expr: chosen('truthloop_segment_labels', 'segment'), legend: '' },
        ],
      },
      ['accuracy', 'lower', 'upper', 'labels'],
    ).overrideByRegexp('/labels/', [
      { id: 'unit', value: 'short' },
      { id: 'max', value: null },
    ]),
  ],
};

const behind: Row = {
  title: 'What stands behind it',
  panels: [
    lines({
      title: 'Labels and effective labels',
      description:
        'Effective labels: the simple random sample that would be as precise. Far fewer than labels: most labels went where they find errors rather than measure.',
      unit: 'short',
      min: 0,
      noValue: 'No labels',
      width: 8,
      targets: [
        { expr: chosen('truthloop_labels'), legend: 'labels {{model_version}}' },
        { expr: chosen('truthloop_effective_labels'), legend: 'effective {{model_version}}' },
      ],
    }),
    lines({
      ...RATIO,
      title: 'Maturity and coverage',
      description:
        'Answered or skipped, and answered, over selected. Good: both near 1 for older windows. Low: see LabelsStarved.',
      noValue: 'Nothing selected',
      width: 8,
      targets: [
        { expr: chosen('truthloop_maturity_ratio'), legend: 'maturity {{model_version}}' },
        { expr: chosen('truthloop_coverage_ratio'), legend: 'coverage {{model_version}}' },
      ],
    }),
    lines({
      title: 'Agreement between annotators',
      description:
        "Krippendorff's alpha. Good: above 0.8. Low: the instructions leave room, mend them before the model.",
      unit: 'none',
      max: 1,
      noValue: 'No task has answers of two people yet',
      width: 8,
      targets: [{ expr: chosen('truthloop_annotator_agreement'), legend: '{{model_version}}' }],
    }),
    groupedBars(
      {
        ...RATIO,
        title: 'Reliability diagram',
        description:
          'Mean confidence and accuracy of bins of equal size, the least confident first. Good: both bars of a pair equal. Confidence higher: the model is too sure of itself.',
        noValue: UNDEFINED,
        targets: [
          { expr: chosen('truthloop_reliability_confidence_ratio', 'bin'), legend: '' },
          { expr: chosen('truthloop_reliability_accuracy_ratio', 'bin'), legend: '' },
        ],
      },
      'bin',
      ['confidence', 'accuracy'],
    ),
    lines({
      title: 'Calibration error and Brier score',
      description:
        'Good: error under 0.05, Brier score falling. Above 0.1 CalibrationOff opens a ticket.',
      unit: 'none',
      min: 0,
      noValue: UNDEFINED,
      targets: [
        { expr: chosen('truthloop_calibration_error_ratio'), legend: 'error {{model_version}}' },
        { expr: chosen('truthloop_brier_score'), legend: 'Brier {{model_version}}' },
      ],
    }),
    lines({
      title: 'Predictions in the window: selected, skipped, open',
      description:
        'What became of the predictions of the window. Many open: people fall behind. Many skipped: the pictures are bad.',
      unit: 'short',
      min: 0,
      noValue: 'No predictions',
      targets: [
        { expr: sumBy('', chosen('truthloop_window_selected')), legend: 'selected' },
        { expr: sumBy('', chosen('truthloop_window_skipped')), legend: 'skipped' },
        { expr: sumBy('', chosen('truthloop_window_open')), legend: 'open' },
        { expr: sumBy('', chosen('truthloop_window_predictions')), legend: 'predictions' },
      ],
    }),
    lines({
      title: 'Age of the estimate',
      description:
        'How long ago it was computed. Good: under a minute or two with traffic; a rising line means that the sync stands still.',
      unit: 's',
      min: 0,
      noValue: 'No estimate',
      targets: [
        {
          expr: `time() - ${chosen('truthloop_estimate_timestamp_seconds')}`,
          legend: '{{model_version}}',
        },
      ],
    }),
  ],
};

const users: Row = {
  title: 'What users feel',
  panels: [
    bars({
      title: 'Feedback per 100 answers',
      description:
        'Flags, corrections and confirmations over the time shown. A rise of flags is the earliest sign; what they are worth stands beside it.',
      unit: 'none',
      decimals: 1,
      min: 0,
      noValue: 'No predictions in this time',
      width: 8,
      targets: [
        {
          expr:
            `100 * ${sumBy('kind', growth(of('truthloop_feedback_total')))} / on () group_left () ` +
            `(${sumBy('', growth(of('truthloop_predictions_recorded_total')))} > 0)`,
          legend: '{{kind}}',
        },
      ],
    }),
    lines({
      ...RATIO,
      title: 'What a flag is worth',
      description:
        'How often a flagged answer is really wrong. Low: people flag what is right; selecting by flags wastes labels.',
      noValue: 'No labelled flags yet',
      width: 8,
      targets: [{ expr: chosen('truthloop_flag_precision_ratio'), legend: '{{model_version}}' }],
    }),
    lines({
      ...RATIO,
      title: 'How many errors flags find',
      description:
        'Share of the wrong answers that users called wrong. Usually low: silence is no praise.',
      noValue: 'No labelled errors yet',
      width: 8,
      targets: [{ expr: chosen('truthloop_flag_recall_ratio'), legend: '{{model_version}}' }],
    }),
  ],
};

const windowVariable = (): dashboard.QueryVariableBuilder =>
  labelVariable('window', 'Window', 'label_values(truthloop_labels{job=~"$job"}, window)')
    .multi(false)
    .includeAll(false)
    .current({ selected: true, text: '7d', value: '7d' });

export const productionAccuracy = (): ClassicBoard =>
  board({
    uid: 'truthloop-accuracy',
    title: 'Production accuracy',
    description: 'How accurate the model really is in production, and how sure we are of it.',
    jobs: 'sync|web|food11',
    from: 'now-24h',
    variables: [
      labelVariable(
        'model_version',
        'Model version',
        'label_values(truthloop_labels{job=~"$job"}, model_version)',
      ),
      windowVariable(),
    ],
    rows: [
      { title: 'Now', panels: [howToRead, ...headline.map((spec) => number(spec))] },
      { title: 'Over time', panels: [estimate, band, random, versions] },
      sameTraffic,
      classes,
      behind,
      users,
    ],
  });
