import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { Annotation, Answer } from '../../src/domain/annotation.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { usableAnswers } from '../../src/domain/unit.ts';
import { annotatorsWanted, overlapDraw, reachVerdict } from '../../src/verdict/reach-verdict.ts';

const says = (trueClass: string): Answer => ({ kind: 'class', trueClass });
const SKIP: Answer = { kind: 'skipped' };
const TWO: Answer = { kind: 'unusable', why: 'several_classes' };

const annotation = (annotator: string, answer: Answer, updatedAt = 0): Annotation => ({
  annotationId: updatedAt + annotator.length * 1000,
  annotator,
  answer,
  createdAt: 0,
  updatedAt,
});

const anyAnnotation = fc.record({
  annotationId: fc.nat(),
  annotator: fc.constantFrom('a', 'b', 'c', 'd'),
  answer: fc.constantFrom<Answer>(says('egg'), says('soup'), { kind: 'none_of_these' }, SKIP, TWO),
  createdAt: fc.nat(100),
  updatedAt: fc.nat(100),
});

describe('a verdict', () => {
  it('does not depend on the order of the annotations', () => {
    const annotations = fc.uniqueArray(anyAnnotation, {
      selector: ({ annotationId }) => annotationId,
    });
    const shuffled = annotations.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        assert.deepEqual(reachVerdict(other), reachVerdict(all));
      }),
    );
  });

  it('is pending without annotations and takes a single answer', () => {
    assert.deepEqual(reachVerdict([]), { kind: 'pending' });
    assert.deepEqual(reachVerdict([annotation('a', says('egg'))]), {
      kind: 'agreed',
      trueClass: 'egg',
    });
  });

  it('counts an annotator once, by the latest answer', () => {
    const edited = [
      annotation('a', says('egg'), 1),
      annotation('a', says('soup'), 2),
      annotation('b', says('soup'), 1),
    ];
    assert.deepEqual(reachVerdict(edited), { kind: 'agreed', trueClass: 'soup' });
  });

  it('agrees that a photo shows none of the classes', () => {
    assert.deepEqual(reachVerdict([annotation('a', { kind: 'none_of_these' })]), {
      kind: 'agreed',
      trueClass: NONE_OF_THESE,
    });
  });

  it('needs more than half; a tie carries the votes and when it came about', () => {
    const tie = [annotation('a', says('egg'), 3), annotation('b', says('soup'), 7)];
    assert.deepEqual(reachVerdict(tie), {
      kind: 'disagreed',
      shares: { egg: 0.5, soup: 0.5 },
      since: 7,
    });
    assert.deepEqual(reachVerdict([...tie, annotation('c', says('egg'), 9)]), {
      kind: 'agreed',
      trueClass: 'egg',
    });
  });

  it('skips only when nobody answered; what can not be read is never guessed', () => {
    assert.deepEqual(reachVerdict([annotation('a', SKIP), annotation('b', says('egg'))]), {
      kind: 'agreed',
      trueClass: 'egg',
    });
    assert.deepEqual(reachVerdict([annotation('a', SKIP)]), { kind: 'skipped' });
    assert.deepEqual(reachVerdict([annotation('a', SKIP), annotation('b', TWO)]), TWO);
  });
});

describe('the answers that agreement is measured by', () => {
  it('are one of each annotator: the latest, which the verdict counts too', () => {
    const edited = [
      annotation('1', says('soup'), 2),
      annotation('1', says('egg'), 1),
      annotation('2', { kind: 'none_of_these' }, 3),
      annotation('2', SKIP, 4),
    ];
    assert.deepEqual(usableAnswers(edited), [
      { annotator: '1', answer: 'soup' },
      { annotator: '2', answer: NONE_OF_THESE },
    ]);
  });

  it('leave out who can not tell, and who last gave what can not be read', () => {
    assert.deepEqual(
      usableAnswers([annotation('1', SKIP), annotation('2', says('egg')), annotation('2', TWO, 1)]),
      [],
    );
  });
});

describe('how many annotators a task wants', () => {
  const wanted = (annotations: readonly Annotation[], isOverlapping = false): number =>
    annotatorsWanted({ annotations, annotationsPerTask: 1, isOverlapping });

  it('is one, two for overlap, one more for a tie', () => {
    const tie = [annotation('a', says('egg')), annotation('b', says('soup'))];
    assert.deepEqual([wanted([]), wanted([], true), wanted(tie), wanted(tie, true)], [1, 2, 3, 3]);
  });

  it('never exceeds five', () => {
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => annotation(name, says(name)));
    assert.equal(wanted(all), 5);
  });
});

describe('the overlap draw', () => {
  const draw = { isRandom: true, overlapNumber: 0.05, overlapShare: 0.1, annotatorCount: 2 };

  it('takes its share of the random part once two people annotate', () => {
    assert.equal(overlapDraw(draw), true);
    assert.equal(overlapDraw({ ...draw, annotatorCount: 1 }), false);
    assert.equal(overlapDraw({ ...draw, isRandom: false }), false);
    assert.equal(overlapDraw({ ...draw, overlapNumber: 0.1 }), false);
  });
});
