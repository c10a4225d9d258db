import { betaQuantile, normalQuantile } from '../../src/estimate/distributions.ts';
import { sumOver } from '../../src/estimate/weights.ts';

/**
 * Golden numbers that the product has no use for and that are therefore computed here, each with its reason.
 * Everything else in the golden files comes from src/.
 * @public read by people
 */
export const OUTSIDE_PRODUCT: Readonly<Record<string, string>> = {
  tQuantile:
    'intervals are Wilson with an effective size; no interval of the product uses a t quantile',
  wald: 'published nowhere: it covers only 0.89 at 50 labels',
  agrestiCoull: 'Wilson is used instead',
  greg: 'the tuned difference is the regression estimator of the product; the package calibrates weights instead',
  ppiLambdaAndVariance:
    'the package has disjoint labelled and unlabelled sets; points come from src, its own lambda and standard error do not',
  totals: 'the product estimates means',
  equalWidthBins: 'the product bins by equal traffic; the errors from given bins come from src',
  kolmogorovExact: 'the product uses the limiting p-value',
  divergences: 'the product shows PSI; one-sided divergences are not shown',
  weightedAndMicroMeans: 'the product publishes macro means only',
  cohenOfMatrix: 'kappa of model and truth is not published',
  multiclassBrier: 'the product scores the confidence, the binary view',
  designEffect: 'n divided by the Kish size, which comes from src',
};

export function tQuantile(p: number, df: number): number {
  if (p < 0.5) return -tQuantile(1 - p, df);
  const x = betaQuantile(2 * (1 - p), df / 2, 0.5);
  return Math.sqrt((df * (1 - x)) / x);
}

export const normal95 = normalQuantile(0.975);

export function wald(right: number, size: number, alpha: number): readonly [number, number] {
  const p = right / size;
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt((p * (1 - p)) / size);
  return [Math.max(0, p - half), Math.min(1, p + half)];
}

export function agrestiCoull(
  right: number,
  size: number,
  alpha: number,
): readonly [number, number] {
  const z = normalQuantile(1 - alpha / 2);
  const n = size + z * z;
  const p = (right + (z * z) / 2) / n;
  const half = z * Math.sqrt((p * (1 - p)) / n);
  return [Math.max(0, p - half), Math.min(1, p + half)];
}

/** Linear calibration of weights to the known count and the known total of m. */
export function linearCalibration(
  weight: readonly number[],
  m: readonly number[],
  controlN: number,
  controlM: number,
): readonly number[] {
  const moment = (power: number): number =>
    weight.reduce((sum, w, i) => sum + w * (m[i] ?? 0) ** power, 0);
  const [s0, s1, s2] = [moment(0), moment(1), moment(2)];
  const determinant = s0 * s2 - s1 * s1;
  const [gapN, gapM] = [controlN - s0, controlM - s1];
  const a = (s2 * gapN - s1 * gapM) / determinant;
  const b = (s0 * gapM - s1 * gapN) / determinant;
  return weight.map((w, i) => w * (1 + a + b * (m[i] ?? 0)));
}

const variance = (values: readonly number[], ddof: number): number => {
  const mean = sumOver(values, (value) => value) / values.length;
  return sumOver(values, (value) => (value - mean) ** 2) / (values.length - ddof);
};

/** ppi-python's lambda and standard error; weights are scaled to sum to n first. */
export function ppiParts(
  y: readonly number[],
  yhat: readonly number[],
  unlabelled: readonly number[],
  weights: readonly number[] | null,
  lambda: number | 'tuned',
): { readonly lambda: number; readonly standardError: number } {
  const [n, size] = [y.length, unlabelled.length];
  const total = weights === null ? n : sumOver(weights, (w) => w);
  const w = weights === null ? y.map(() => 1) : weights.map((value) => (value * n) / total);
  const used = lambda === 'tuned' ? ppiLambda(y, yhat, unlabelled, w) : lambda;
  const rectified = y.map((value, i) => (w[i] ?? 1) * (value - used * (yhat[i] ?? 0)));
  return {
    lambda: used,
    standardError: Math.sqrt(
      variance(
        unlabelled.map((value) => used * value),
        0,
      ) /
        size +
        variance(rectified, 0) / n,
    ),
  };
}

function ppiLambda(
  y: readonly number[],
  yhat: readonly number[],
  unlabelled: readonly number[],
  w: readonly number[],
): number {
  const n = y.length;
  const mean = (values: readonly number[]): number => sumOver(values, (value) => value) / n;
  // The gradients at the estimate with lambda = 1.
  const point =
    sumOver(unlabelled, (value) => value) / unlabelled.length +
    mean(y.map((value, i) => (w[i] ?? 1) * (value - (yhat[i] ?? 0))));
  const gradient = y.map((value, i) => (w[i] ?? 1) * (value - point));
  const gradientHat = yhat.map((value, i) => (w[i] ?? 1) * (value - point));
  const [meanY, meanHat] = [mean(gradient), mean(gradientHat)];
  const covariance = mean(
    gradient.map((value, i) => (value - meanY) * ((gradientHat[i] ?? 0) - meanHat)),
  );
  const spread = variance([...gradientHat, ...unlabelled.map((value) => value - point)], 1);
  return Math.min(1, Math.max(0, covariance / ((1 + n / unlabelled.length) * spread)));
}
