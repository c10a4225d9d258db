import type { PredictionRecord } from '../ports/store/prediction-store.ts';
import { labelOf, type LabelSource, type NoLabel } from './label-of.ts';

/** Verified labels and unverified ones never stand in one folder. */
export type Bucket = 'clean' | 'noisy';

/** One image of a training set, as the manifest and /api/dataset tell it. */
export interface DatasetRow {
  readonly prediction_id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly model_version: string;
  readonly bucket: Bucket;
  /** `holdout`: for evaluation only. */
  readonly split: 'train' | 'holdout';
  /** The class to train with. */
  readonly class: string;
  /** The same where annotators agreed on it, else null. */
  readonly true_class: string | null;
  readonly label_source: LabelSource;
  readonly annotators: number;
  /** In [0, 1]; null where no annotator answered. */
  readonly agreement: number | null;
  readonly predicted_class: string;
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
  /** Chance with which the design selected it, in (0, 1]; null before that was decided. */
  readonly inclusion_probability: number | null;
  /** 1 / inclusion_probability for verified labels, null for others: who corrects is not known by chance. */
  readonly weight: number | null;
  /** Chance by the random strategy alone. */
  readonly random_inclusion_probability: number | null;
  readonly is_random: boolean;
  readonly segment: string;
  /** Hex, of the stored image. */
  readonly sha256: string;
}

export interface RowChoice {
  /** Classes of the deployment; labels of others are left out. */
  readonly classes: ReadonlySet<string>;
  /** Null: every version. */
  readonly modelVersion: string | null;
  /** The random part is kept for evaluation and nothing of it is trained with. */
  readonly holdOut: boolean;
  readonly withModelAnswers: boolean;
}

export type LeftOut = NoLabel | 'other_version' | 'unknown_class' | 'random_part';

/**
 * The row of a prediction in a training set, or why it has none.
 * With `holdOut`, predictions of the random part (or that may still come to it) are never trained with: verified ones become
 * the held-out split, the others are left out.
 */
export function datasetRow(record: PredictionRecord, choice: RowChoice): DatasetRow | LeftOut {
  const { prediction } = record;
  if (choice.modelVersion !== null && prediction.modelVersion !== choice.modelVersion)
    return 'other_version';
  const label = labelOf(record, choice.withModelAnswers);
  if (typeof label === 'string') return label;
  if (!choice.classes.has(label.className)) return 'unknown_class';
  const isVerified = label.source === 'annotators';
  const isRandom = prediction.decision?.isRandom ?? false;
  const isHeldOut = choice.holdOut && (isRandom || prediction.decision === null);
  if (isHeldOut && !isVerified) return 'random_part';
  return {
    prediction_id: prediction.id,
    at: new Date(prediction.at).toISOString(),
    model_version: prediction.modelVersion,
    bucket: isVerified ? 'clean' : 'noisy',
    split: isHeldOut ? 'holdout' : 'train',
    class: label.className,
    true_class: isVerified ? label.className : null,
    label_source: label.source,
    annotators: label.annotators,
    agreement: label.agreement,
    predicted_class: prediction.predictedClass,
    confidence: prediction.confidence,
    probabilities: prediction.probabilities,
    ...designOf(prediction.decision, isVerified),
    is_random: isRandom,
    segment: prediction.segment,
    sha256: prediction.contentDigest,
  };
}

const designOf = (
  decision: PredictionRecord['prediction']['decision'],
  isVerified: boolean,
): Pick<DatasetRow, 'inclusion_probability' | 'weight' | 'random_inclusion_probability'> => ({
  inclusion_probability: decision?.pi ?? null,
  weight: isVerified && decision !== null ? 1 / decision.pi : null,
  random_inclusion_probability: decision?.q ?? null,
});
