import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as accuracy from './accuracy-checks.ts';
import { assertMatches } from './compare.ts';
import type { Check, GoldenCase } from './golden-case.ts';
import * as quality from './quality-checks.ts';
import * as sampling from './sampling-checks.ts';

interface GoldenFile {
  readonly tolerance: number;
  readonly cases: readonly GoldenCase[];
}

/** File name -> check, or kind (or fn) of a case -> check. A file or kind that is not here fails. */
const CHECKS: Readonly<Record<string, Check | Readonly<Record<string, Check>>>> = {
  agreement: {
    cohen: quality.cohen,
    fleiss: quality.fleiss,
    krippendorffNominal: quality.krippendorff,
  },
  calibration: { binary: quality.calibrationBinary, temperature: quality.calibrationTemperature },
  cap_floor: sampling.capFloor,
  cbpe: quality.cbpe,
  dawid_skene: quality.dawidSkeneCase,
  default_estimator: accuracy.defaultEstimator,
  drift_univariate: { ks: quality.ks, chi2: quality.chi2, psi: quality.psi },
  ece_equal_mass: quality.eceEqualMass,
  evalue_below_target: accuracy.evalueBelowTarget,
  evalue_restarted: accuracy.evalueRestarted,
  ht_hajek: accuracy.htHajek,
  mcnemar: { mcnemar: quality.mcnemar, weightedDisagreement: quality.weightedDisagreement },
  mmd: quality.mmd,
  per_class_weighted: quality.perClassWeighted,
  planning: { srsWald: quality.srsWald, neyman: quality.neyman },
  poisson_enumeration: accuracy.poissonEnumeration,
  policy_rates: sampling.policyRates,
  ppi_mean: accuracy.ppiMean,
  prn_hash: sampling.prnHash,
  random_part: accuracy.randomPart,
  special_functions: accuracy.specialFunctions,
  stratified_mean: accuracy.stratifiedMean,
  weight_adjustment: {
    poststratify: accuracy.poststratify,
    nonresponse: accuracy.nonresponse,
    'calibrationLinear(GREG)': accuracy.greg,
  },
  wilson: accuracy.wilsonIntervals,
};

const folder = process.env['GOLDEN_DIR'] ?? import.meta.dirname;

function checkOf(name: string, { kind, fn }: GoldenCase): Check {
  const known = CHECKS[name];
  if (typeof known === 'function') return known;
  const found = known?.[kind ?? fn ?? ''];
  assert.ok(found, `${name}.json: no check for the kind ${String(kind ?? fn)}`);
  return found;
}

const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
  .map((entry) => entry.name.slice(0, -'.json'.length))
  .sort();

describe(`the golden numbers in ${folder} come out of src/`, () => {
  it('there are golden files', () => {
    assert.ok(names.length > 0, `no *.json in ${folder}; set GOLDEN_DIR to a folder that has them`);
  });

  for (const name of names) {
    it(`${name} matches within its tolerance`, () => {
      assert.ok(CHECKS[name], `${name}.json is not known; add its check to golden.test.ts`);
      const file = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as GoldenFile;
      assert.ok(file.cases.length > 0, `${name}.json has no cases`);
      file.cases.forEach((kase, index) => {
        const actual = checkOf(name, kase)(kase.inputs);
        const tolerance = kase.tolerance ?? file.tolerance;
        assertMatches(actual, kase.expected, tolerance, `${name}.cases[${index}].expected`);
      });
    });
  }
});
