import assert from 'node:assert/strict';

import { datasetRow, type RowChoice } from '../../src/dataset/dataset-row.ts';
import { modelVersion } from '../../src/domain/ids.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { agreedOn, record } from './records.ts';

const CHOICE: RowChoice = {
  classes: new Set(['Soup', 'Rice']),
  modelVersion: null,
  holdOut: false,
  withModelAnswers: false,
};
const none = { kind: 'none_of_these' } as const;

/** Bucket, split, class and source in short, or why there is no row. */
function short(item: ReturnType<typeof record>, changes: Partial<RowChoice> = {}): string {
  const row = datasetRow(item, { ...CHOICE, ...changes });
  return typeof row === 'string'
    ? row
    : `${row.bucket}/${row.split} ${row.class} by ${row.label_source}`;
}

describe('a row of a training set', () => {
  it('is clean where annotators agreed, with who said so and what it weighs', () => {
    const row = datasetRow(
      record('a', {
        verdict: { kind: 'agreed', trueClass: 'Rice' },
        answers: [
          { kind: 'class', trueClass: 'Rice' },
          { kind: 'class', trueClass: 'Rice' },
          { kind: 'class', trueClass: 'Soup' },
          { kind: 'skipped' },
        ],
      }),
      CHOICE,
    );
    assert.ok(typeof row !== 'string');
    assert.deepEqual(
      [row.bucket, row.class, row.true_class, row.annotators, row.agreement],
      ['clean', 'Rice', 'Rice', 3, 2 / 3],
    );
    assert.deepEqual(
      [row.inclusion_probability, row.weight, row.random_inclusion_probability],
      [0.5, 2, 0.25],
    );
    assert.equal(row.at, '2026-11-22T12:00:00.000Z');
  });

  it('counts an annotator once, by the latest answer', () => {
    const agreed = record('a', {
      verdict: { kind: 'agreed', trueClass: 'Rice' },
      answers: [
        { kind: 'class', trueClass: 'Soup' },
        { kind: 'class', trueClass: 'Rice' },
      ],
    });
    const task = agreed.task && {
      ...agreed.task,
      annotations: agreed.task.annotations.map((item) => ({ ...item, annotator: 'one' })),
    };
    const row = datasetRow({ ...agreed, task }, CHOICE);
    assert.ok(typeof row !== 'string');
    assert.deepEqual([row.annotators, row.agreement], [1, 1]);
  });

  it("is noisy where only users spoke, and the annotators' word wins", () => {
    assert.equal(
      short(record('a', { feedback: [['correction', 'Rice']] })),
      'noisy/train Rice by user_correction',
    );
    assert.equal(
      short(record('a', { feedback: [['confirmation']] })),
      'noisy/train Soup by user_confirmation',
    );
    assert.equal(
      short(record('a', { ...agreedOn('Soup'), feedback: [['correction', 'Rice']] })),
      'clean/train Soup by annotators',
    );
    const noisy = datasetRow(record('a', { feedback: [['correction', 'Rice']] }), CHOICE);
    assert.ok(typeof noisy !== 'string' && noisy.true_class === null && noisy.weight === null);
  });

  it('is never there for a photo of no class, whoever says otherwise', () => {
    const said = {
      verdict: { kind: 'agreed', trueClass: NONE_OF_THESE },
      answers: [none],
      feedback: [['correction', 'Rice']],
    } as const;
    assert.equal(short(record('a', said), { withModelAnswers: true }), 'none_of_these');
  });

  it("takes the model's own answer only when asked, and never one that was disputed", () => {
    assert.equal(short(record('a')), 'unlabelled');
    assert.equal(short(record('a'), { withModelAnswers: true }), 'noisy/train Soup by model');
    assert.equal(
      short(record('a', { feedback: [['flag']] }), { withModelAnswers: true }),
      'disputed',
    );
    const tie = { kind: 'disagreed', shares: { Soup: 0.5, Rice: 0.5 }, since: 0 } as const;
    assert.equal(short(record('a', { verdict: tie }), { withModelAnswers: true }), 'disagreed');
  });

  it('forgets the label of a task that was deleted, and those of unknown classes and other versions', () => {
    assert.equal(short(record('a', { ...agreedOn('Rice'), deletedAt: 1 })), 'unlabelled');
    assert.equal(short(record('a', agreedOn('Bread'))), 'unknown_class');
    assert.equal(
      short(record('a', agreedOn('Rice')), { modelVersion: modelVersion('v2') }),
      'other_version',
    );
  });

  it('of the random part is for evaluation alone when that is held out', () => {
    const random = { ...agreedOn('Rice'), isRandom: true };
    assert.equal(short(record('a', random)), 'clean/train Rice by annotators');
    assert.equal(short(record('a', random), { holdOut: true }), 'clean/holdout Rice by annotators');
    assert.equal(
      short(record('a', agreedOn('Rice')), { holdOut: true }),
      'clean/train Rice by annotators',
    );
    const corrected = { feedback: [['correction', 'Rice'] as const], isRandom: true };
    assert.equal(short(record('a', corrected), { holdOut: true }), 'random_part');
    const undecided = {
      feedback: [['correction', 'Rice'] as const],
      prediction: { decision: null },
    };
    assert.equal(short(record('a', undecided), { holdOut: true }), 'random_part');
  });
});
