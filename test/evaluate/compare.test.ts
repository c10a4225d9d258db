import assert from 'node:assert/strict';

import type { CandidateAnswer } from '../../scripts/evaluate/answer-labels.ts';
import { compareOnLabels } from '../../scripts/evaluate/compare.ts';
import { verdictText } from '../../scripts/evaluate/print-comparison.ts';
import { predictionId } from '../../src/domain/ids.ts';
import type { Unit } from '../../src/domain/unit.ts';

const AT = Date.UTC(2026, 10, 22, 12);
const WINDOW = { from: AT - 3_600_000, to: AT + 3_600_000 };
const CLASSES = ['Soup', 'Rice'];

/** A labelled prediction: what was answered, what it is, what the candidate says of it (or 'seen', 'no_image'). */
interface Case {
  readonly service: string;
  readonly truth: string | null;
  readonly candidate: string;
  readonly pi?: number;
  readonly q?: number;
  readonly isRandom?: boolean;
}

function compare(cases: readonly Case[]): ReturnType<typeof compareOnLabels> {
  const units = cases.map(({ service, truth, pi = 1, q = pi, isRandom = true }, index): Unit => ({
    ...{ predictionId: predictionId(`p${index}`), at: AT, segment: '', predictedClass: service },
    ...{ confidence: 0.9, probabilities: null, isLowConfidence: false, isDisputed: false },
    ...{ pi, q, isRandom, hasFlag: false, correction: null, answers: [] },
    outcome: truth === null ? { state: 'open' } : { state: 'labelled', shares: { [truth]: 1 } },
  }));
  const answers = new Map(
    cases.map(({ candidate }, index): [string, CandidateAnswer] => [
      `p${index}`,
      candidate === 'seen' || candidate === 'no_image'
        ? { kind: candidate }
        : { kind: 'answered', className: candidate },
    ]),
  );
  return compareOnLabels(units, answers, CLASSES, WINDOW);
}

const times = (count: number, item: Case): Case[] => Array.from({ length: count }, () => item);
const gained: Case = { service: 'Rice', truth: 'Soup', candidate: 'Soup' };
const lost: Case = { service: 'Soup', truth: 'Soup', candidate: 'Rice' };
const both: Case = { service: 'Soup', truth: 'Soup', candidate: 'Soup' };

describe('a candidate on the labels that there are', () => {
  it('is better, worse, or not told yet, with both accuracies and the difference', () => {
    const better = compare([...times(14, gained), ...times(2, lost), ...times(10, both)]);
    assert.equal(better.scope, 'all');
    assert.equal(better.verdict, 'better');
    assert.equal(better.disagreements, 16);
    assert.ok(Math.abs((better.candidate?.value ?? 0) - 24 / 26) < 1e-12);
    assert.ok(Math.abs((better.service?.value ?? 0) - 12 / 26) < 1e-12);
    assert.match(
      verdictText(better),
      /^The candidate is better by \d+\.\d to \d+\.\d points, from 26/,
    );
    const worse = compare([...times(14, lost), ...times(2, gained), ...times(10, both)]);
    assert.match(verdictText(worse), /^The candidate is worse by/);
    const open = compare([...times(3, lost), ...times(4, gained), ...times(10, both)]);
    assert.match(verdictText(open), /^Can't tell yet.*as measured \(\+5\.9\).* labels/);
  });

  it('weights each label by its chance: what was rarely labelled stands for more', () => {
    const rare = { ...gained, pi: 0.1 };
    const { candidate, service } = compare([...times(5, rare), ...times(10, both)]);
    assert.equal(candidate?.value, 1);
    assert.ok(Math.abs((service?.value ?? 0) - 10 / 60) < 1e-12);
  });

  it('uses the random part alone where only others were trained with, by its own chances', () => {
    const trained = { ...both, candidate: 'seen', isRandom: false, pi: 1, q: 0.2 } as const;
    const heldOut = { pi: 1, q: 0.2, isRandom: true };
    const notSeen = { ...lost, isRandom: false, pi: 1, q: 0.2 };
    const found = compare([
      ...times(20, trained),
      ...times(6, { ...gained, ...heldOut }),
      ...times(6, { ...both, ...heldOut }),
      ...times(3, notSeen),
    ]);
    assert.deepEqual([found.scope, found.labels, found.excluded], ['random_part', 12, 20]);
    assert.equal(found.candidate?.value, 1);
    assert.equal(found.service?.value, 0.5);
  });

  it('speaks of what no fit has seen where a fit has seen some of the random part', () => {
    const found = compare([...times(9, { ...both, candidate: 'seen' }), ...times(8, gained)]);
    assert.deepEqual([found.scope, found.labels, found.excluded], ['unseen', 8, 9]);
    assert.equal(found.candidate?.value, 1);
    assert.equal(found.service?.value, 0);
  });

  it('counts what has no image any more as an answer that did not come', () => {
    const found = compare([...times(6, gained), ...times(4, { ...both, candidate: 'no_image' })]);
    assert.deepEqual([found.labels, found.withoutImage], [6, 4]);
  });

  it('gives no number under five labels', () => {
    const found = compare([...times(4, gained), ...times(3, { ...both, truth: null })]);
    assert.deepEqual(
      [found.difference, found.candidate, found.verdict],
      [...[null, null, "can't tell yet"]],
    );
    assert.match(verdictText(found), /4 labels are too few/);
  });

  it('tells each class by what it really is, None of these among them', () => {
    const odd = times(5, { service: 'Soup', truth: 'None of these', candidate: 'Rice' });
    const { classes, candidate } = compare([...times(6, gained), ...odd]);
    assert.deepEqual(
      classes.map(({ className, labels }) => [className, labels]),
      [
        ['Soup', 6],
        ['Rice', 0],
      ],
    );
    assert.equal(classes[0]?.candidateRecall?.value, 1);
    assert.equal(classes[0].serviceRecall?.value, 0);
    assert.ok(Math.abs((candidate?.value ?? 0) - 6 / 11) < 1e-12);
  });
});
