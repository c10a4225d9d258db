import { RequestInvalid } from '../domain/errors.ts';
import { modelVersion } from '../domain/ids.ts';
import type { ModelAnswer } from './record-prediction.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
export const REPORT_AGE_DAYS_MAX = 30;
export const REPORT_AHEAD_MINUTES_MAX = 5;
const SUM_TOLERANCE = 0.01;

/** A prediction that another service reports, as it came, already of the right types. */
export interface Report {
  readonly predictedClass: string | null;
  readonly confidence: number | null;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly modelVersion: string;
  /** Event time, ms; null: now. */
  readonly at: number | null;
  readonly segment: string | null;
}

/** What the deployment knows. */
export interface ReportRules {
  readonly classes: readonly string[];
  readonly segments: readonly string[];
}

/**
 * Holds a report against what can be.
 * @param now time of arrival, ms
 * @throws RequestInvalid naming what is wrong and what was expected
 */
export function readReport(
  report: Report,
  now: number,
  rules: ReportRules,
): { readonly answer: ModelAnswer; readonly at: number; readonly segment: string } {
  return {
    answer: readAnswer(report, rules.classes),
    at: timeOf(report.at, now),
    segment: segmentOf(report.segment, rules.segments),
  };
}

/**
 * The model's answer, held against the classes that there are.
 * @throws RequestInvalid naming what is wrong and what was expected
 */
export function readAnswer(
  report: Pick<Report, 'predictedClass' | 'confidence' | 'probabilities' | 'modelVersion'>,
  classes: readonly string[],
): ModelAnswer {
  const { probabilities } = report;
  if (probabilities !== null) checkProbabilities(probabilities, classes);
  const predictedClass = report.predictedClass ?? likeliest(probabilities);
  if (predictedClass === null)
    throw new RequestInvalid('Expected prediction and probability, or all probabilities.');
  checkClass(predictedClass, classes);
  const confidence = report.confidence ?? probabilities?.[predictedClass];
  if (confidence === undefined)
    throw new RequestInvalid(`No probability came for "${predictedClass}".`);
  return {
    modelVersion: modelVersion(report.modelVersion),
    predictedClass,
    confidence,
    probabilities,
  };
}

function likeliest(probabilities: Report['probabilities']): string | null {
  const entries = Object.entries(probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  return entries[0]?.[0] ?? null;
}

function checkProbabilities(
  probabilities: Readonly<Record<string, number>>,
  classes: readonly string[],
): void {
  for (const name of Object.keys(probabilities)) checkClass(name, classes);
  const sum = Object.values(probabilities).reduce((total, p) => total + p, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE)
    throw new RequestInvalid(`The probabilities sum to ${sum.toFixed(3)}: expected 1.`);
}

function checkClass(name: string, classes: readonly string[]): void {
  if (classes.includes(name)) return;
  throw new RequestInvalid(
    `"${name}" is no class of this deployment: expected one of ${classes.join(', ')}.`,
  );
}

function timeOf(at: number | null, now: number): number {
  if (at === null) return now;
  if (at >= now - REPORT_AGE_DAYS_MAX * DAY_MS && at <= now + REPORT_AHEAD_MINUTES_MAX * MINUTE_MS)
    return at;
  throw new RequestInvalid(
    `time is ${new Date(at).toISOString()}: expected from ${REPORT_AGE_DAYS_MAX} days ago to ${REPORT_AHEAD_MINUTES_MAX} minutes ahead of ${new Date(now).toISOString()}.`,
  );
}

/**
 * @param segment as it came, null when none did
 * @param segments the configured ones
 * @throws RequestInvalid for one that is not configured
 */
export function segmentOf(segment: string | null, segments: readonly string[]): string {
  if (segment === null || segment === '') return '';
  if (segments.includes(segment)) return segment;
  const expected = segments.length === 0 ? 'none (SEGMENTS is empty)' : segments.join(', ');
  throw new RequestInvalid(`segment is "${segment}": expected one of ${expected}.`);
}
