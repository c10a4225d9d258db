import { clopperPearson } from '../../src/estimate/clopper-pearson.ts';
import {
  betaQuantile,
  binomialCdf,
  chiSquareUpperTail,
  normalCdf,
  normalQuantile,
} from '../../src/estimate/distributions.ts';
import { belowTargetEvalue, logEvalue, logEvaluePerStart } from '../../src/estimate/evalue.ts';
import { hajek, horvitzThompson } from '../../src/estimate/hajek.ts';
import { incompleteBeta } from '../../src/estimate/incomplete-beta.ts';
import { postStratified, postStratifiedWeights } from '../../src/estimate/post-stratified.ts';
import { randomPartEstimate } from '../../src/estimate/random-part.ts';
import { responseRates } from '../../src/estimate/response-rates.ts';
import { tunedDifference } from '../../src/estimate/tuned-difference.ts';
import { ratioEstimate } from '../../src/estimate/weighted-ratio.ts';
import { kishSize, type Observation, sumOver } from '../../src/estimate/weights.ts';
import { wilson } from '../../src/estimate/wilson.ts';
import { check, mean, symmetric, total } from './golden-case.ts';
import {
  agrestiCoull,
  linearCalibration,
  normal95,
  ppiParts,
  tQuantile,
  wald,
} from './outside-product.ts';

const DAY_MS = 86_400_000;

interface HajekInputs {
  readonly a: readonly number[];
  readonly pi: readonly number[];
  readonly N: number;
}

export const htHajek = check(({ a, pi, N }: HajekInputs) => {
  const sample = a.map((value, i) => ({ a: value, pi: pi[i] ?? 1 }));
  const n = sample.length;
  const value = hajek(sample).mean;
  const stream = ratioEstimate(sample.map((unit) => ({ num: unit.a, den: 1, pi: unit.pi })));
  const se = Math.sqrt(stream?.varianceOfStream ?? NaN);
  const terms = sample.map((unit) => unit.a / unit.pi);
  const spread = sumOver(terms, (term) => (term - mean(terms)) ** 2);
  const htMean = horvitzThompson(sample, N).mean;
  return {
    hajek: value,
    hajek_descrstatsw: value,
    sumWeights: sumOver(sample, (unit) => 1 / unit.pi),
    seWithReplacement: se,
    ciT95: symmetric(value, tQuantile(0.975, n - 1) * se),
    df: n - 1,
    htTotal: htMean * N,
    htMean,
    htTotalSeWithReplacement: Math.sqrt((n / (n - 1)) * spread),
    kishNeff: kishSize(sample),
    deffWeight: n / kishSize(sample),
  };
});

interface EnumerationInputs {
  readonly a: readonly number[];
  readonly m: readonly number[];
  readonly pi: readonly number[];
}

/** Every Poisson sample there is, with its chance: means and variances become exact. */
export const poissonEnumeration = check(({ a, m, pi }: EnumerationInputs) => {
  const size = a.length;
  const proxy = mean(m);
  const outcomes = Array.from({ length: 2 ** size }, (_, set) => {
    const isIn = (i: number): boolean => ((set >> i) & 1) === 1;
    const chance = pi.reduce((product, p, i) => product * (isIn(i) ? p : 1 - p), 1);
    const plain = a.map((value, i) => ({ a: value, pi: pi[i] ?? 1 })).filter((_u, i) => isIn(i));
    const residual = a
      .map((value, i) => ({ a: value - (m[i] ?? 0), pi: pi[i] ?? 1 }))
      .filter((_u, i) => isIn(i));
    return {
      chance,
      ht: horvitzThompson(plain, size),
      difference: horvitzThompson(residual, size),
    };
  });
  const expected = (f: (outcome: (typeof outcomes)[number]) => number): number =>
    sumOver(outcomes, (outcome) => outcome.chance * f(outcome));
  const expectedHT = expected(({ ht }) => ht.mean);
  const expectedGap = expected(({ difference }) => difference.mean);
  return {
    trueMean: mean(a),
    expectedHT,
    varHT: expected(({ ht }) => (ht.mean - expectedHT) ** 2),
    expectedOfVarEstimatorHT: expected(({ ht }) => ht.variance),
    expectedDifference: proxy + expectedGap,
    varDifference: expected(({ difference }) => (difference.mean - expectedGap) ** 2),
    expectedOfVarEstimatorDifference: expected(({ difference }) => difference.variance),
  };
});

interface DefaultInputs {
  readonly confidence: readonly number[];
  readonly pi: readonly number[];
  readonly labelled: readonly boolean[];
  readonly correct: readonly (number | null)[];
}

export const defaultEstimator = check((inputs: DefaultInputs) => {
  const { confidence, pi, labelled, correct } = inputs;
  const answers = correct.length === labelled.length ? correct : spreadOut(correct, labelled);
  const sample = confidence
    .map((m, i): Observation => ({ m, a: answers[i] ?? 0, pi: pi[i] ?? 1 }))
    .filter((_, i) => labelled[i] === true);
  const estimate = tunedDifference(sample, {
    size: confidence.length,
    meanProxy: mean(confidence),
    spread: confidence.map((m, i) => ({ weight: 1 / (pi[i] ?? 1) - 1, meanProxy: m })),
  });
  const ah = hajek(sample).mean;
  const mh = hajek(sample.map(({ m, pi: p }) => ({ a: m, pi: p }))).mean;
  const q = ({ pi: p }: Observation): number => (1 - p) / p ** 2;
  return {
    n: estimate.n,
    hajek: ah,
    mHajek: mh,
    mMean: mean(confidence),
    lambdaRaw:
      sumOver(sample, (unit) => q(unit) * (unit.a - ah) * (unit.m - mh)) /
      sumOver(sample, (unit) => q(unit) * (unit.m - mh) ** 2),
    lambdaUsed: estimate.lambda,
    estimate: estimate.value,
    varSample: estimate.varSample,
    varModel: estimate.varModel,
    varBlend: estimate.variance,
    kish: estimate.kish,
    nStar: estimate.effective,
    wilson95: [estimate.lower, estimate.upper],
  };
});

/** Answers listed for the labelled ones only, put at their places. */
function spreadOut(
  correct: readonly (number | null)[],
  labelled: readonly boolean[],
): readonly (number | null)[] {
  let next = 0;
  return labelled.map((isLabelled) => (isLabelled ? (correct[next++] ?? null) : null));
}

interface RandomInputs {
  readonly correct: readonly number[];
  readonly q: readonly number[];
  readonly population: number;
  readonly meanInverseQMinusOne: number;
}

export const randomPart = check((inputs: RandomInputs) => {
  const { correct, q, population, meanInverseQMinusOne } = inputs;
  const estimate = randomPartEstimate(
    correct.map((a, i) => ({ a, pi: q[i] ?? 1 })),
    {
      size: population,
      meanProxy: 0,
      spread: [{ weight: meanInverseQMinusOne * population, meanProxy: 0 }],
    },
  );
  return {
    estimate: estimate.value,
    varSample: estimate.varSample,
    varModel: estimate.varModel,
    varBlend: estimate.variance,
    nStar: estimate.effective,
    interval95: [estimate.lower, estimate.upper],
  };
});

interface WilsonInputs {
  readonly successes: number;
  readonly n: number;
  readonly alpha: number;
}

export const wilsonIntervals = check(({ successes, n, alpha }: WilsonInputs) => ({
  wilson: wilson(successes / n, n, normalQuantile(1 - alpha / 2)),
  clopperPearson: clopperPearson(successes, n, alpha),
  agrestiCoull: agrestiCoull(successes, n, alpha),
  wald: wald(successes, n, alpha),
}));

interface EvalueInputs {
  readonly successes: number;
  readonly failures: number;
  readonly target: number;
  readonly priorA: number;
  readonly priorB: number;
}

export const evalueBelowTarget = check((inputs: EvalueInputs) => {
  const { successes, failures, target, priorA, priorB } = inputs;
  const logE = logEvalue(successes, failures, target, { a: priorA, b: priorB });
  return { logE, eValue: Math.exp(logE) };
});

interface RestartedInputs {
  /** Per day, the labelled random part: [right, q]. */
  readonly days: readonly (readonly (readonly [number, number])[])[];
  readonly target: number;
}

export const evalueRestarted = check(({ days, target }: RestartedInputs) => {
  const evidence = days
    .map((units, day) => ({
      day: day * DAY_MS,
      right: sumOver(units, ([a, q]) => a / q),
      wrong: sumOver(units, ([a, q]) => (1 - a) / q),
      smallestQ: Math.min(...units.map(([, q]) => q)),
    }))
    .filter((_, day) => (days[day]?.length ?? 0) > 0);
  const to = days.length * DAY_MS;
  return {
    logEPerStart: logEvaluePerStart(evidence, target, 0, to),
    eValue: belowTargetEvalue({ evidence, target, from: 0, to }),
  };
});

interface StratifiedInputs {
  readonly stratum: readonly number[];
  readonly a: readonly number[];
  readonly Nh: readonly number[];
  readonly nh: readonly number[];
}

export const stratifiedMean = check(({ stratum, a, Nh, nh }: StratifiedInputs) => {
  const strata = Nh.map((size, h) => {
    const pi = (nh[h] ?? 1) / size;
    const sample = a.filter((_, i) => stratum[i] === h).map((value) => ({ a: value, pi }));
    return { size, spread: 0, sample };
  });
  const estimate = postStratified(strata, 1);
  const se = Math.sqrt(estimate.varSample);
  const df = a.length - Nh.length;
  const withoutFpc = sumOver(strata, ({ size, sample }) => {
    const terms = sample.map((unit) => ({ num: unit.a, den: 1, pi: unit.pi }));
    return (size / total(Nh)) ** 2 * (ratioEstimate(terms)?.varianceOfStream ?? NaN);
  });
  return {
    mean: estimate.raw,
    seFpc: se,
    ciT95Fpc: symmetric(estimate.raw, tQuantile(0.975, df) * se),
    df,
    seNoFpc: Math.sqrt(withoutFpc),
  };
});

interface AdjustmentInputs {
  readonly weight: readonly number[];
  readonly cell: readonly number[];
  readonly control: Readonly<Record<string, number>>;
  readonly a: readonly number[];
}

const weightedMean = (weights: readonly number[], values: readonly number[]): number =>
  hajek(weights.map((weight, i) => ({ a: values[i] ?? 0, pi: 1 / weight }))).mean;

export const poststratify = check(({ weight, cell, control, a }: AdjustmentInputs) => {
  const units = weight.map((value, i) => ({ weight: value, cell: String(cell[i]) }));
  const weights = postStratifiedWeights(units, new Map(Object.entries(control)));
  return { weight: weights, mean: weightedMean(weights, a) };
});

interface ResponseInputs {
  readonly weight: readonly number[];
  readonly cell: readonly number[];
  readonly responded: readonly boolean[];
}

export const nonresponse = check(({ weight, cell, responded }: ResponseInputs) => {
  // One cell at a time: within the product small cells would merge, which the package does not.
  const rate = (name: number): number =>
    responseRates(
      weight
        .map((w, i) => ({ pattern: 0, at: 0, p: 1 / w, isLabelled: responded[i] === true }))
        .filter((_, i) => cell[i] === name),
      0,
      1,
    )(0, 0);
  return {
    weight: weight.map((w, i) => (responded[i] === true ? w / rate(cell[i] ?? 0) : 0)),
  };
});

interface GregInputs {
  readonly weight: readonly number[];
  readonly m: readonly number[];
  readonly a: readonly number[];
  readonly controlN: number;
  readonly controlM: number;
}

export const greg = check(({ weight, m, a, controlN, controlM }: GregInputs) => {
  const weights = linearCalibration(weight, m, controlN, controlM);
  return { weight: weights, mean: weightedMean(weights, a) };
});

interface PpiInputs {
  readonly y: readonly number[];
  readonly yhat: readonly number[];
  readonly yhatUnlabeled: readonly number[];
  readonly w: readonly number[];
}

export const ppiMean = check(({ y, yhat, yhatUnlabeled, w }: PpiInputs) => {
  const estimate = (weights: readonly number[] | null, lambda: number | 'tuned') => {
    const parts = ppiParts(y, yhat, yhatUnlabeled, weights, lambda);
    const largest = weights === null ? 1 : Math.max(...weights);
    const sample = y.map((a, i) => ({
      a,
      m: yhat[i] ?? 0,
      pi: weights === null ? 1 : largest / (weights[i] ?? 1) / largest,
    }));
    const point = tunedDifference(
      sample,
      { size: yhatUnlabeled.length, meanProxy: mean(yhatUnlabeled), spread: [] },
      parts.lambda,
    ).raw;
    return { point, ci95: symmetric(point, normal95 * parts.standardError) };
  };
  return {
    lambda1: estimate(null, 1),
    lambda1Weighted: estimate(w, 1),
    lambda0: estimate(null, 0),
    lambda0Weighted: estimate(w, 0),
    tuned: estimate(null, 'tuned'),
    tunedWeighted: estimate(w, 'tuned'),
  };
});

/** By `fn` of each case. */
export const specialFunctions = {
  normPpf: check(({ p }: { p: number }) => normalQuantile(p)),
  normCdf: check(({ x }: { x: number }) => normalCdf(x)),
  tPpf: check(({ p, df }: { p: number; df: number }) => tQuantile(p, df)),
  betaInc: check(({ x, a, b }: { x: number; a: number; b: number }) => incompleteBeta(x, a, b)),
  betaPpf: check(({ p, a, b }: { p: number; a: number; b: number }) => betaQuantile(p, a, b)),
  chi2Sf: check(({ x, df }: { x: number; df: number }) => chiSquareUpperTail(x, df)),
  binomCdf: check(({ k, n, p }: { k: number; n: number; p: number }) => binomialCdf(k, n, p)),
};
