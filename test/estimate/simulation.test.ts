import assert from 'node:assert/strict';

import {
  capFindings,
  type Finding,
  naiveFindings,
  supersetFindings,
  tableFindings,
  type Tolerance,
  weekFindings,
} from '../../scripts/simulate/acceptance.ts';
import { doJob, type Job } from '../../scripts/simulate/job.ts';

/**
 * The short form of `npm run simulate -- --acceptance`: 24 streams instead of 4000, so the bounds are three standard errors of
 * such a run wide: RMSE within 45 % of the table (its standard error is 14 %), coverage within 0.14 (0.045), bias as in the
 * full form. It is there to notice what is grossly wrong; the full form proves the figures.
 */
const SHORT: Tolerance = { relative: 0.45, coverage: 0.14, coverageMin: 0.81, bias: 0.005 };
const RUNS = 24;
const BUDGETS = [50, 200];

const job = (experiment: Job['experiment'], runs: number) =>
  doJob({ experiment, seed: 1, from: 0, to: runs, budgets: BUDGETS, noise: 0.015 });
const assertMet = (findings: readonly Finding[]): void => {
  assert.ok(findings.length > 0);
  for (const { what, isMet, detail } of findings) assert.ok(isMet, `${what}: ${detail}`);
};

describe('streams with known truth, through the real selection and estimate', function () {
  this.timeout(300_000);

  it('the estimates find the truth and their intervals cover it, and the naive mean is far off', () => {
    const tallies = job('streams', RUNS);
    assertMet(tableFindings(tallies, BUDGETS, SHORT));
    assertMet(naiveFindings(tallies, BUDGETS));
  });

  it('a hard cap leaves the estimates unbiased', () => {
    assertMet(capFindings(job('cap', RUNS)));
  });

  it('a larger rate selects a superset', () => {
    assertMet(supersetFindings(job('superset', 3)));
  });

  it('a week with a flood, a spent budget, late flags and open tasks keeps the estimate honest', () => {
    assertMet(weekFindings(job('week', 40), SHORT));
  });
});
