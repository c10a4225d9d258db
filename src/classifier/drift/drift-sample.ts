/** What drift detection keeps of one prediction. */
export interface DriftRow {
  /** Null where the model gives none. */
  readonly embedding: readonly number[] | null;
  readonly confidence: number;
  readonly predictedClass: string;
}

/** A bounded sample of predictions, every one as likely to be in it as any other. */
export interface DriftSample {
  readonly rows: readonly DriftRow[];
  /** Predictions that were offered. */
  readonly seen: number;
}

/**
 * Offers one more prediction to a sample (reservoir sampling).
 * @param u uniform in [0, 1)
 * @param row called only when the prediction is taken
 * @see Vitter (1985), algorithm R
 */
export function offer(
  sample: DriftSample,
  rowsMax: number,
  u: number,
  row: () => DriftRow,
): DriftSample {
  const seen = sample.seen + 1;
  if (sample.rows.length < rowsMax) return { rows: [...sample.rows, row()], seen };
  const place = Math.floor(u * seen);
  return { rows: place < rowsMax ? sample.rows.with(place, row()) : sample.rows, seen };
}

export const EMPTY_SAMPLE: DriftSample = { rows: [], seen: 0 };
