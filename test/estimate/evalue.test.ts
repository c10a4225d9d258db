import assert from 'node:assert/strict';

import { createChance } from '../../scripts/simulate/chance.ts';
import { unitsOf } from '../../scripts/simulate/simulated-window.ts';
import {
  belowTargetEvalue,
  type DayEvidence,
  evidenceByDay,
  logEvalue,
} from '../../src/estimate/evalue.ts';
import { made, times } from './made-window.ts';
import { DAY_START } from './moments.ts';

const DAY = 86_400_000;

describe('the evidence against "accuracy is at least the target"', function () {
  this.timeout(60_000);

  it('adds up by day, by 1/q, over the labelled random part alone', () => {
    const evidence = evidenceByDay(
      unitsOf([
        made({ pi: 0.5, q: 0.25 }),
        made({ pi: 0.5, q: 0.5, trueClass: 'soup' }),
        made({ outcome: 'skipped' }),
        made({ decision: { pi: 0.5, q: 0.1, isSelected: true, isRandom: false } }),
        made({ at: DAY_START + DAY, q: 0.2 }),
      ]),
    );
    assert.deepEqual(evidence, [
      { day: DAY_START, right: 4, wrong: 2, smallestQ: 0.25 },
      { day: DAY_START + DAY, right: 5, wrong: 0, smallestQ: 0.2 },
    ]);
  });

  it('weighs: quiet days at q = 1 with low accuracy do not ring the alarm of a service that is above target', () => {
    const evidence = evidenceByDay(
      unitsOf([
        ...times(95, { pi: 0.01, q: 0.01 }),
        ...times(5, { pi: 0.01, q: 0.01, trueClass: 'soup' }),
        ...times(60, { pi: 1, q: 1, trueClass: 'soup' }),
      ]),
    );
    const input = { evidence, target: 0.8, from: DAY_START, to: DAY_START + DAY };
    assert.ok(belowTargetEvalue(input) < 1);
    // The plain counts, 95 of 160, would.
    assert.ok(logEvalue(95, 65, 0.8) > Math.log(20));
  });

  it('sees a drop after a long good time, because a process starts every day', () => {
    const days = (count: number, accuracy: number, from: number): readonly DayEvidence[] =>
      Array.from({ length: count }, (_, index) => ({
        day: DAY_START + (from + index) * DAY,
        right: 100 * accuracy * 10,
        wrong: 100 * (1 - accuracy) * 10,
        smallestQ: 0.1,
      }));
    const evalue = (evidence: readonly DayEvidence[]): number =>
      belowTargetEvalue({
        evidence,
        target: 0.8,
        from: DAY_START,
        to: DAY_START + evidence.length * DAY,
      });
    assert.ok(evalue(days(90, 0.9, 0)) < 1);
    assert.ok(evalue([...days(90, 0.9, 0), ...days(6, 0.7, 90)]) >= 20);
    const total = [...days(90, 0.9, 0), ...days(6, 0.7, 90)];
    const sum = (f: (day: DayEvidence) => number): number =>
      total.reduce((all, day) => all + f(day) * 0.1, 0);
    assert.ok(
      logEvalue(
        sum(({ right }) => right),
        sum(({ wrong }) => wrong),
        0.8,
      ) < 0,
      'one process is numb',
    );
  });

  it('rarely rings at exactly the target, however often it is looked at', () => {
    let alarms = 0;
    for (let run = 0; run < 300; run += 1) {
      const chance = createChance(7, run);
      let [right, wrong] = [0, 0];
      let largest = -Infinity;
      for (let label = 0; label < 500; label += 1) {
        if (chance.uniform() < 0.8) right += 1;
        else wrong += 1;
        largest = Math.max(largest, logEvalue(right, wrong, 0.8));
      }
      if (largest >= Math.log(20)) alarms += 1;
    }
    // At most 5 % by Ville's inequality; about 3 % measured.
    assert.ok(alarms <= 15, `${alarms} of 300`);
  });

  it('does not underflow with many labels, and is capped', () => {
    const logE = logEvalue(1e6, 1e5, 0.5);
    assert.ok(logE < 0 && logE > -30, String(logE));
    const evidence = [{ day: DAY_START, right: 0, wrong: 1e6, smallestQ: 1 }];
    assert.equal(
      belowTargetEvalue({ evidence, target: 0.8, from: DAY_START, to: DAY_START + DAY }),
      1e12,
    );
  });

  it('is defined for targets of 0 and 1', () => {
    const evidence = [{ day: DAY_START, right: 50, wrong: 2, smallestQ: 1 }];
    const at = (target: number): number =>
      belowTargetEvalue({ evidence, target, from: DAY_START, to: DAY_START + DAY });
    assert.ok(at(0) < 20);
    assert.ok(at(1) > 20);
  });

  it('an empty day that starts a process counts as E = 1', () => {
    const to = DAY_START + 2 * DAY;
    const empty = belowTargetEvalue({ evidence: [], target: 0.8, from: DAY_START, to });
    assert.ok(Math.abs(empty - (1 / 2 + 1 / 6)) < 1e-12);
  });
});
