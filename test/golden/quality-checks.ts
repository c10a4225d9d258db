import { predictionId } from '../../src/domain/ids.ts';
import type { Unit } from '../../src/domain/unit.ts';
import { cohenKappa, fleissKappa, krippendorffAlpha } from '../../src/estimate/agreement.ts';
import { f1Terms, precisionTerms, recallTerms } from '../../src/estimate/class-estimates.ts';
import { differenceOnSameTraffic, mcNemar } from '../../src/estimate/compare-versions.ts';
import { type Confusion, confusionMatrix } from '../../src/estimate/confusion.ts';
import { dawidSkene } from '../../src/estimate/dawid-skene.ts';
import {
  chiSquareTest,
  kolmogorovSmirnov,
  populationStabilityIndex,
} from '../../src/estimate/drift.ts';
import { hajek } from '../../src/estimate/hajek.ts';
import { labelFreeConfusion, macroScores } from '../../src/estimate/label-free.ts';
import type { LabelledUnit } from '../../src/estimate/labelled-unit.ts';
import { meanDiscrepancy } from '../../src/estimate/mean-discrepancy.ts';
import {
  labelsForRandomSample,
  neymanShares,
  stratifiedVariance,
} from '../../src/estimate/plan.ts';
import {
  brierScore,
  fitTemperature,
  logLoss,
  temperedLogLoss,
} from '../../src/estimate/proper-scores.ts';
import {
  type BinGap,
  expectedCalibrationError,
  maximumCalibrationError,
} from '../../src/estimate/reliability-bins.ts';
import { ratioEstimate, type RatioTerm } from '../../src/estimate/weighted-ratio.ts';
import { sumOver } from '../../src/estimate/weights.ts';
import { check, mean, symmetric, total } from './golden-case.ts';
import { exactOneSample, exactTwoSample } from './kolmogorov-exact.ts';
import { normal95 } from './outside-product.ts';

interface ClassInputs {
  readonly labels: readonly string[];
  readonly yTrue: readonly string[];
  readonly yPred: readonly string[];
  readonly weight: readonly number[];
}

function labelledUnit(trueClass: string, predictedClass: string, weight: number): LabelledUnit {
  const shares = { [trueClass]: 1 };
  const unit: Unit = {
    predictionId: predictionId('p'),
    at: 0,
    segment: '',
    predictedClass,
    confidence: 0.5,
    probabilities: null,
    isLowConfidence: false,
    isDisputed: false,
    pi: 1 / weight,
    q: 1 / weight,
    isRandom: true,
    hasFlag: false,
    correction: null,
    outcome: { state: 'labelled', shares },
    answers: [],
  };
  return { unit, shares, a: trueClass === predictedClass ? 1 : 0, m: 0.5, pi: 1 / weight };
}

const ratioWithError = (terms: readonly RatioTerm[]) => {
  const estimate = ratioEstimate(terms);
  if (estimate === null) return null;
  return { ratio: estimate.ratio, seWithReplacement: Math.sqrt(estimate.varianceOfStream) };
};

export const perClassWeighted = check(({ labels, yTrue, yPred, weight }: ClassInputs) => {
  const sample = yTrue.map((name, i) => labelledUnit(name, yPred[i] ?? '', weight[i] ?? 1));
  const matrix = confusionMatrix(sample, new Map());
  const scores = macroScores(matrix, labels);
  const cells = labels.map((t) => labels.map((p) => matrix[t]?.[p] ?? 0));
  const support = cells.map(total);
  const plain = (terms: (className: string) => readonly RatioTerm[]) =>
    labels.map((name) => ratioEstimate(terms(name))?.ratio ?? null);
  const precision = plain((name) => precisionTerms(sample, name));
  const recall = plain((name) => recallTerms(sample, name));
  const f1 = plain((name) => f1Terms(sample, name));
  // Weighted and micro means: see outside-product.ts.
  const bySupport = (values: readonly (number | null)[]): number =>
    sumOver(
      values.map((value, k) => (value ?? 0) * (support[k] ?? 0)),
      (term) => term,
    ) / total(support);
  const micro = scores.accuracy;
  return {
    accuracy: hajek(sample).mean,
    confusion: cells,
    precision,
    recall,
    f1,
    support,
    macro: { precision: scores.precision, recall: scores.recall, f1: scores.f1 },
    weighted: { precision: bySupport(precision), recall: bySupport(recall), f1: bySupport(f1) },
    micro: { precision: micro, recall: micro, f1: micro },
    balancedAccuracy: scores.recall,
    cohenKappaModelVsTruth: kappaOf(cells),
    ratioSe: Object.fromEntries(
      labels.map((name) => [
        name,
        {
          precision: ratioWithError(precisionTerms(sample, name)),
          recall: ratioWithError(recallTerms(sample, name)),
          f1: ratioWithError(f1Terms(sample, name)),
        },
      ]),
    ),
  };
});

function kappaOf(cells: readonly (readonly number[])[]): number {
  const all = total(cells.map(total));
  const observed = sumOver(
    cells.map((row, k) => row[k] ?? 0),
    (value) => value / all,
  );
  const chance = sumOver(
    cells.map((row, k) => (total(row) / all) * (sumOver(cells, (other) => other[k] ?? 0) / all)),
    (value) => value,
  );
  return (observed - chance) / (1 - chance);
}

interface BinaryInputs {
  readonly confidence: readonly number[];
  readonly correct: readonly number[];
  readonly weight: readonly number[];
}

export const calibrationBinary = check(({ confidence, correct, weight }: BinaryInputs) => {
  const scored = (weights: readonly number[] | null) =>
    confidence.map((m, i) => ({ m, a: correct[i] ?? 0, weight: weights?.[i] ?? 1 }));
  const gaps = equalWidthGaps(confidence, correct, 10);
  return {
    brier: brierScore(scored(null)),
    brierWeighted: brierScore(scored(weight)),
    logLoss: logLoss(scored(null)),
    logLossWeighted: logLoss(scored(weight)),
    uniform10: {
      probTrue: gaps.map(({ accuracy }) => accuracy),
      probPred: gaps.map(({ meanConfidence }) => meanConfidence),
      counts: gaps.map(({ share }) => Math.round(share * confidence.length)),
      ece: expectedCalibrationError(gaps),
      mce: maximumCalibrationError(gaps),
    },
  };
});

const gapOf = (confidence: readonly number[], correct: readonly number[], all: number): BinGap => ({
  share: confidence.length / all,
  meanConfidence: mean(confidence),
  accuracy: mean(correct),
  variance: 0,
});

/** Bins (lo, hi] of equal width, empty ones dropped. */
function equalWidthGaps(
  confidence: readonly number[],
  correct: readonly number[],
  bins: number,
): readonly BinGap[] {
  const binOf = (c: number): number =>
    Math.min(
      bins - 1,
      Array.from({ length: bins - 1 }, (_, k) => (k + 1) / bins).filter((edge) => c > edge).length,
    );
  return Array.from({ length: bins }, (_, bin) => bin)
    .map((bin) => confidence.map((_, i) => i).filter((i) => binOf(confidence[i] ?? 0) === bin))
    .filter((members) => members.length > 0)
    .map((members) =>
      gapOf(
        members.map((i) => confidence[i] ?? 0),
        members.map((i) => correct[i] ?? 0),
        confidence.length,
      ),
    );
}

interface EceInputs {
  readonly confidence: readonly number[];
  readonly correct: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
}

export const eceEqualMass = check(({ confidence, correct, edges }: EceInputs) => ({
  eceEqualMass: expectedCalibrationError(
    edges.map(([from, to]) =>
      gapOf(confidence.slice(from, to), correct.slice(from, to), confidence.length),
    ),
  ),
}));

interface TemperatureInputs {
  readonly logits: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly weight: readonly number[];
}

export const calibrationTemperature = check(({ logits, y, weight }: TemperatureInputs) => {
  const rows = (weights: readonly number[] | null) =>
    logits.map((row, i) => ({
      logits: row,
      truth: row.map((_, k) => (k === y[i] ? 1 : 0)),
      weight: weights?.[i] ?? 1,
    }));
  const temperature = fitTemperature(rows(null));
  return {
    temperature,
    temperatureWeighted: fitTemperature(rows(weight)),
    logLoss: temperedLogLoss(rows(null), 1),
    brierMulticlass: mean(
      rows(null).map((row) => {
        const norm = sumOver(row.logits, (value) => Math.exp(value));
        return total(
          row.logits.map((value, k) => (Math.exp(value) / norm - (row.truth[k] ?? 0)) ** 2),
        );
      }),
    ),
    logLossAfter: temperedLogLoss(rows(null), temperature),
  };
});

interface CbpeInputs {
  readonly labels: readonly string[];
  readonly proba: readonly (readonly number[])[];
  readonly predicted: readonly string[];
}

export const cbpe = check(({ labels, proba, predicted }: CbpeInputs) => {
  const sums: Record<string, Record<string, number>> = {};
  proba.forEach((row, i) => {
    const column = (sums[predicted[i] ?? ''] ??= {});
    labels.forEach((name, k) => (column[name] = (column[name] ?? 0) + (row[k] ?? 0)));
  });
  const matrix: Confusion = labelFreeConfusion(sums);
  return macroScores(matrix, labels);
});

export const cohen = check(({ a, b }: { a: readonly unknown[]; b: readonly unknown[] }) => {
  const result = cohenKappa(a.map((value, i): [string, string] => [String(value), String(b[i])]));
  if (result === null) return { kappa: null };
  const { kappa, se, seZero } = result;
  return { kappa, se, se0: seZero, ci95: symmetric(kappa, normal95 * se) };
});

export const fleiss = check(({ counts }: { counts: readonly (readonly number[])[] }) => ({
  kappa: fleissKappa(counts),
}));

type RatersByItems = readonly (readonly (number | null)[])[];

export const krippendorff = check(({ ratersByItems }: { ratersByItems: RatersByItems }) => {
  const items = (ratersByItems[0] ?? []).map((_, item) =>
    ratersByItems.map((rater) => {
      const rating = rater[item] ?? null;
      return rating === null ? null : String(rating);
    }),
  );
  return { alpha: krippendorffAlpha(items) };
});

interface DawidSkeneInputs {
  readonly labels: readonly string[];
  readonly rows: readonly (readonly [string, string, string])[];
  readonly nIter: number;
  readonly tol: number;
}

export const dawidSkeneCase = check(({ labels, rows, nIter, tol }: DawidSkeneInputs) => {
  const answers = rows.map(([task, annotator, answer]) => ({ task, annotator, answer }));
  const run = (rounds: number) => dawidSkene(answers, labels, { rounds, tolerance: tol });
  const { posterior, prior, errors, lossHistory } = run(nIter);
  const likeliest = (row: Readonly<Record<string, number>>): string =>
    labels.reduce((best, name) => ((row[name] ?? 0) > (row[best] ?? 0) ? name : best));
  return {
    majorityProba: Object.fromEntries(run(0).posterior),
    probaAfter1: Object.fromEntries(run(1).posterior),
    proba: Object.fromEntries(posterior),
    prior,
    errors: Object.fromEntries(
      [...errors].flatMap(([annotator, table]) =>
        Object.entries(table).map(([answer, row]) => [`${annotator}|observed=${answer}`, row]),
      ),
    ),
    label: Object.fromEntries([...posterior].map(([task, row]) => [task, likeliest(row)])),
    iterations: lossHistory.length,
    lossHistory,
  };
});

interface McNemarInputs {
  readonly onlyA: number;
  readonly onlyB: number;
}

export const mcnemar = check(({ onlyA, onlyB }: McNemarInputs) => {
  const { exactP, chiSquare, chiSquareCorrected } = mcNemar(onlyA, onlyB, 0);
  return {
    exactP,
    statistic: Math.min(onlyA, onlyB),
    chi2Corrected: chiSquareCorrected?.statistic,
    chi2CorrectedP: chiSquareCorrected?.p,
    chi2: chiSquare?.statistic,
    chi2P: chiSquare?.p,
  };
});

interface DisagreementInputs {
  readonly d: readonly number[];
  readonly pi: readonly number[];
  readonly nDisagree: number;
  readonly N: number;
}

export const weightedDisagreement = check(({ d, pi, nDisagree, N }: DisagreementInputs) => {
  const sample = d.map((value, i) => ({ d: value, pi: pi[i] ?? 1 }));
  const stream = ratioEstimate(sample.map((unit) => ({ num: unit.d, den: 1, pi: unit.pi })));
  return {
    meanOnDisagreement: differenceOnSameTraffic(sample, 1, 1).value,
    difference: differenceOnSameTraffic(sample, nDisagree, N).value,
    seWithReplacement: (nDisagree / N) * Math.sqrt(stream?.varianceOfStream ?? NaN),
  };
});

interface PlanInputs {
  readonly p: number;
  readonly half: number;
  readonly alpha: number;
}

export const srsWald = check(({ p, half, alpha }: PlanInputs) => ({
  n: labelsForRandomSample(p, half, 1 - alpha),
}));

interface NeymanInputs {
  readonly Nh: readonly number[];
  readonly S: readonly number[];
  readonly n: number;
}

export const neyman = check(({ Nh, S, n }: NeymanInputs) => {
  const strata = Nh.map((size, h) => ({ size, spread: S[h] ?? 0 }));
  const nhUncapped = neymanShares(strata, n);
  return { nhUncapped, varianceStratifiedNoFpc: stratifiedVariance(strata, nhUncapped) };
});

export const ks = check(({ x, y }: { x: readonly number[]; y: readonly number[] }) => {
  const { statistic, p } = kolmogorovSmirnov(x, y);
  const [n, m] = [x.length, y.length];
  return {
    statistic,
    pLimit: p,
    pAsymp: exactOneSample(Math.round((n * m) / (n + m)), statistic),
    pExact: exactTwoSample(n, m, statistic),
  };
});

interface CountInputs {
  readonly ref: readonly number[];
  readonly cur: readonly number[];
}

export const chi2 = check(({ ref, cur }: CountInputs) => chiSquareTest(ref, cur));

export const psi = check(({ ref, cur }: CountInputs) => {
  const [p, q] = [ref, cur].map((counts) => counts.map((count) => count / total(counts)));
  const divergence = (from: readonly number[], to: readonly number[]): number =>
    total(from.map((share, k) => (share > 0 ? share * Math.log(share / (to[k] ?? 0)) : 0)));
  const middle = (p ?? []).map((share, k) => (share + (q?.[k] ?? 0)) / 2);
  const jensenShannon = (divergence(p ?? [], middle) + divergence(q ?? [], middle)) / 2;
  return {
    psi: populationStabilityIndex(ref, cur),
    klRefCur: divergence(p ?? [], q ?? []),
    jensenShannonDistanceBase2: Math.sqrt(jensenShannon / Math.LN2),
  };
});

type Rows = readonly (readonly number[])[];

export const mmd = check(({ x, y }: { x: Rows; y: Rows }) => {
  const { statistic, sigma } = meanDiscrepancy(x, y);
  return {
    sigmaMedian: sigma,
    mmd2: statistic,
    mmd2SigmaOne: meanDiscrepancy(x, y, 1).statistic,
  };
});
