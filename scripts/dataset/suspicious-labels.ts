import type { DatasetRow } from '../../src/dataset/dataset-row.ts';

type Labelled = Pick<
  DatasetRow,
  'class' | 'predicted_class' | 'confidence' | 'probabilities' | 'label_source'
>;

/** A label that the model contradicts as surely as it says that class where people agree with it. */
export interface Suspicion {
  readonly suggested: string;
  /** Probability of the suggested class minus that of the label. */
  readonly margin: number;
}

/** What the model gives a class; undefined where only its likeliest class is known. */
function probabilityOf(row: Labelled, className: string): number | undefined {
  if (row.probabilities !== null) return row.probabilities[className] ?? 0;
  return row.predicted_class === className ? row.confidence : undefined;
}

/**
 * Finds labels to look at again ("confident learning"): one is suspicious when the model gives another class at least the
 * mean probability that it gives that class where it is the label. Rows whose label is the model's own say nothing.
 * @see C. Northcutt, L. Jiang & I. Chuang (2021), Journal of Artificial Intelligence Research 70, section 3
 */
export class SuspiciousLabels {
  readonly #sums = new Map<string, { sum: number; n: number }>();

  /** First, every row: what the model gives each class where it is the label. */
  learn(row: Labelled): void {
    if (row.label_source === 'model') return;
    const own = probabilityOf(row, row.class);
    if (own === undefined) return;
    const known = this.#sums.get(row.class) ?? { sum: 0, n: 0 };
    this.#sums.set(row.class, { sum: known.sum + own, n: known.n + 1 });
  }

  /** Then, row by row. @returns null when the label is not suspicious */
  judge(row: Labelled): Suspicion | null {
    if (row.label_source === 'model') return null;
    const own = probabilityOf(row, row.class) ?? 0;
    let best: Suspicion | null = null;
    for (const [className, { sum, n }] of this.#sums) {
      const given = className === row.class ? undefined : probabilityOf(row, className);
      if (given === undefined || given < sum / n) continue;
      const margin = given - own;
      if (margin > (best?.margin ?? 0)) best = { suggested: className, margin };
    }
    return best;
  }
}
