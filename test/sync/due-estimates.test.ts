import assert from 'node:assert/strict';

import { modelVersion } from '../../src/domain/ids.ts';
import { DueEstimates } from '../../src/sync/due-estimates.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 2, 10, 12);
const EVERYTHING = null;
const CHANGES = [{ modelVersion: modelVersion('v1'), at: NOON }];

describe('which estimates are due', () => {
  let due: DueEstimates;
  beforeEach(() => {
    due = new DueEstimates();
    assert.equal(due.at(NOON, false), EVERYTHING);
    due.computed(EVERYTHING, NOON, 6000);
  });

  it('changed labels at once, and only they, until they were computed', () => {
    due.noteChanges(CHANGES);
    assert.deepEqual(due.at(NOON + 1, false), CHANGES);
    due.noteChanges(CHANGES);
    assert.deepEqual(due.at(NOON + 2, false), [...CHANGES, ...CHANGES]);
    due.computed(CHANGES, NOON + 2, 0);
    assert.deepEqual(due.at(NOON + 3, false), []);
  });

  it('traffic alone once the last computing was a twentieth of the time', () => {
    due.noteTraffic();
    due.noteChanges(CHANGES);
    assert.deepEqual(due.at(NOON + 2 * MINUTE - 1, false), CHANGES);
    assert.equal(due.at(NOON + 2 * MINUTE, false), EVERYTHING);
    due.computed(EVERYTHING, NOON + 2 * MINUTE, 0);
    assert.deepEqual(due.at(NOON + 50 * MINUTE, false), []);
    due.noteTraffic();
    assert.equal(due.at(NOON + 50 * MINUTE, false), EVERYTHING);
  });

  it('everything when somebody asks, and once an hour is over', () => {
    assert.equal(due.at(NOON + 1, true), EVERYTHING);
    assert.deepEqual(due.at(NOON + 60 * MINUTE - 1, false), []);
    assert.equal(due.at(NOON + 60 * MINUTE, false), EVERYTHING);
  });

  it('everything when labels were mended, until it was computed', () => {
    due.noteMended();
    assert.equal(due.at(NOON + 1, false), EVERYTHING);
    due.computed(CHANGES, NOON + 1, 0);
    assert.equal(due.at(NOON + 2, false), EVERYTHING);
    due.computed(EVERYTHING, NOON + 2, 0);
    assert.deepEqual(due.at(NOON + 3, false), []);
  });
});
