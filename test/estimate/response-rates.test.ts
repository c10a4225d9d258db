import assert from 'node:assert/strict';

import { responseRates, type Selected } from '../../src/estimate/response-rates.ts';
import { DAY_START } from './moments.ts';

const DAY = 86_400_000;
const tasks = (
  pattern: number,
  day: number,
  labelled: number,
  open: number,
  p = 0.5,
): readonly Selected[] =>
  Array.from({ length: labelled + open }, (_, index) => ({
    pattern,
    at: DAY_START + day * DAY + 1000,
    p,
    isLabelled: index < labelled,
  }));
const rates = (units: readonly Selected[], days = 3) =>
  responseRates(units, DAY_START, DAY_START + days * DAY);
const at = (day: number): number => DAY_START + day * DAY;

describe('response rates', () => {
  it('belong to a pattern and a UTC day', () => {
    const rate = rates([...tasks(0, 0, 9, 1), ...tasks(0, 1, 5, 15), ...tasks(1, 0, 6, 6)]);
    assert.deepEqual([rate(0, at(0)), rate(0, at(1)), rate(1, at(0))], [0.9, 0.25, 0.5]);
  });

  it('are weighted', () => {
    const rate = rates([...tasks(0, 0, 5, 0, 1), ...tasks(0, 0, 0, 1, 0.1)]);
    assert.equal(rate(0, at(0)), 5 / 15);
  });

  it('merge a day with fewer than 5 answers with its neighbour', () => {
    const rate = rates([...tasks(0, 0, 6, 2), ...tasks(0, 1, 2, 6), ...tasks(0, 2, 9, 1)]);
    assert.deepEqual([rate(0, at(0)), rate(0, at(1)), rate(0, at(2))], [0.75, 11 / 18, 11 / 18]);
    const newest = rates([...tasks(0, 0, 6, 2), ...tasks(0, 1, 2, 6)], 2);
    assert.deepEqual([newest(0, at(0)), newest(0, at(1))], [0.5, 0.5]);
  });

  it('merge a pattern with fewer than 5 answers with the next, day by day', () => {
    const rate = rates([...tasks(2, 0, 2, 2), ...tasks(3, 0, 6, 0), ...tasks(3, 1, 5, 5)]);
    assert.deepEqual([rate(2, at(0)), rate(3, at(0)), rate(2, at(1))], [0.8, 0.8, 0.5]);
  });

  it('merge the last pattern with the one before', () => {
    const rate = rates([...tasks(0, 0, 8, 0), ...tasks(3, 0, 1, 1)]);
    assert.equal(rate(3, at(0)), 0.9);
  });

  it('are 1 where all answered, and where nothing is known', () => {
    assert.equal(rates(tasks(0, 0, 8, 0))(0, at(0)), 1);
    assert.equal(rates([])(0, at(0)), 1);
  });
});
