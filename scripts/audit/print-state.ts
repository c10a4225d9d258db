import type { AccuracyEstimate } from '../../src/domain/estimate.ts';
import type { Plan } from './installation.ts';

const LEAST_LABELS = 5;
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const number = (value: number): string => value.toLocaleString('en');

/** What one model version comes to so far: its labels, and its accuracy with the interval. */
export function estimateLine(estimate: AccuracyEstimate): string {
  const { modelVersion, labels, selected, skipped, accuracy, lower, upper } = estimate;
  const told = `${modelVersion}: ${labels} of ${selected} labelled${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  if (accuracy === null || lower === null || upper === null)
    return `${told}; no accuracy from fewer than ${LEAST_LABELS} labels`;
  return `${told}; accuracy ${percent(accuracy)} (${percent(lower)} to ${percent(upper)})`;
}

/** What the figures at the end speak of. */
export function closingText(
  { predictions, missingImages }: Plan,
  estimates: readonly AccuracyEstimate[],
): string {
  const population =
    missingImages === 0
      ? `all ${number(predictions)} predictions of the log`
      : `the ${number(predictions)} predictions whose image was there, not of the ${number(missingImages)} others`;
  const labels = estimates.reduce((sum, estimate) => sum + estimate.labels, 0);
  const precision = estimates.every(isCensus)
    ? 'Every one of them is labelled: this is the accuracy itself, no estimate, and the interval has no width.'
    : `${number(labels)} of them are labelled, drawn with known probabilities: the accuracy of all lies in the interval 95 times in 100.`;
  return `The accuracy is that of ${population}. ${precision}`;
}

const isCensus = ({ predictions, labels }: AccuracyEstimate): boolean => predictions === labels;
