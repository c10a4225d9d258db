import type { Confusion } from './confusion.ts';
import { sumOver } from './weights.ts';

/**
 * Expected confusion matrix from summed probabilities: a unit predicted p adds P(t) to row t of column p.
 * @param classProbabilities predicted class -> class -> summed probability
 */
export function labelFreeConfusion(
  classProbabilities: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Confusion {
  const matrix: Record<string, Record<string, number>> = {};
  for (const [predicted, sums] of Object.entries(classProbabilities))
    for (const [trueClass, sum] of Object.entries(sums))
      (matrix[trueClass] ??= {})[predicted] = sum;
  return matrix;
}

export interface MacroScores {
  readonly accuracy: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** Accuracy and macro means of a confusion matrix; classes where a ratio is not defined are left out of its mean. */
export function macroScores(matrix: Confusion, classes: readonly string[]): MacroScores {
  const cell = (trueClass: string, predicted: string): number =>
    matrix[trueClass]?.[predicted] ?? 0;
  const row = (name: string): number =>
    sumOver(Object.values(matrix[name] ?? {}), (value) => value);
  const column = (name: string): number => sumOver(Object.keys(matrix), (t) => cell(t, name));
  const all = sumOver(Object.keys(matrix), row);
  const mean = (ratio: (name: string) => number): number | null => {
    const defined = classes.map(ratio).filter((value) => Number.isFinite(value));
    return defined.length === 0 ? null : sumOver(defined, (value) => value) / defined.length;
  };
  return {
    accuracy: sumOver(classes, (name) => cell(name, name)) / all,
    precision: mean((name) => cell(name, name) / column(name)),
    recall: mean((name) => cell(name, name) / row(name)),
    f1: mean((name) => (2 * cell(name, name)) / (row(name) + column(name))),
  };
}
