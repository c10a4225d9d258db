import { z } from 'zod';

/* The shapes of web's JSON. Requests are checked with them, answers are typed by them, /openapi.json is made from them. */

const probability = z.number().min(0).max(1);
const count = z.int().min(0);
const moment = z.iso.datetime();

/** `POST /correct-label/:id`; a flag and a confirmation need no body. */
export const correctionRequest = z.object({
  corrected_class: z
    .string()
    .meta({ description: 'What it really is: a class of the deployment.' }),
});

const classified = z.object({
  prediction: z.string().meta({ description: 'The likeliest class.' }),
  probability: probability.meta({ description: 'Probability of that class.' }),
  probabilities: z
    .record(z.string(), probability)
    .nullable()
    .meta({ description: 'Class -> probability; null where the model tells only its best.' }),
  model_version: z.string(),
});
export const classifiedAnswer = classified;
export const uploadAnswer = classified.extend({
  id: z.string().meta({ description: 'Names the prediction from now on.' }),
  image_url: z.url().meta({ description: 'The picture, behind a signed link that expires.' }),
});
export const reportAnswer = z.object({ id: z.string() });
/** `PUT /api/predictions/:id/image`, where it does not send the picture itself. */
export const imageRequest = z.object({
  image: z
    .string()
    .min(1)
    .meta({ description: 'A JPEG, PNG or WebP image in base64.', contentEncoding: 'base64' }),
});
export const wantedAnswer = z.object({
  wanted: z.array(z.object({ id: z.string(), external_id: z.string().nullable() })),
});

/** `POST /api/keys` */
export const newKeyRequest = z.object({
  name: z.string().meta({ description: 'Of the reporting service.' }),
});
export const newKeyAnswer = z.object({
  name: z.string(),
  key: z.string().meta({ description: 'Shown this once.' }),
});
export const keysAnswer = z.object({
  keys: z.array(z.object({ name: z.string(), made_at: moment })),
});

const feedbackKind = z.enum(['flag', 'correction', 'confirmation']);
export const feedbackAnswer = z.object({
  id: z.string(),
  kind: feedbackKind.meta({ description: 'What it was counted as.' }),
});
export const revokedAnswer = feedbackAnswer.extend({
  revoked: z.boolean().meta({ description: 'False: there was nothing to take back.' }),
});

export const errorAnswer = z.object({
  error: z.object({
    code: z.string().meta({ description: 'Stable; docs/http.md lists them.' }),
    message: z.string(),
    requestId: z.string().meta({ description: 'Names the request in the log.' }),
  }),
});

export const liveAnswer = z.object({ status: z.literal('ok') });
export const readyAnswer = z.object({
  ready: z.boolean(),
  checks: z.object({ accepting: z.boolean(), store: z.boolean(), classifier: z.boolean() }),
});

const ratio = probability.nullable();
const interval = z.object({ value: probability, lower: probability, upper: probability });
const accuracyDetail = z.object({
  as_of: moment,
  skipped: count,
  open: count,
  bounds: z
    .object({ lower: probability, upper: probability })
    .nullable()
    .meta({ description: 'Everything not answered wrong, and all of it right.' }),
  disagrees: z.boolean().meta({ description: 'Estimate and random part contradict each other.' }),
  has_extreme_weights: z.boolean(),
  label_free_calibrated: z.boolean().nullable(),
  macro_f1: interval.extend({ classes: count }).nullable(),
  segments: z.array(
    z.object({
      segment: z.string(),
      predictions: count,
      labels: count,
      accuracy: interval.nullable(),
    }),
  ),
  confusion: z
    .record(z.string(), z.record(z.string(), z.number()))
    .meta({ description: 'True class -> predicted class -> estimated count.' }),
  calibration: z
    .object({
      brier: z.number(),
      log_loss: z.number(),
      ece: z.number(),
      ece_debiased: z.number(),
      mce: z.number(),
      temperature: z.number().nullable(),
      bins: z.array(
        z.object({
          from: probability,
          to: probability,
          share: probability,
          mean_confidence: probability,
          accuracy: interval.nullable(),
        }),
      ),
    })
    .nullable(),
  feedback: z.object({
    flag_precision: interval.nullable(),
    flag_recall: interval.nullable(),
    correction_right: interval.nullable(),
    counts: z.object({ flag: count, correction: count, confirmation: count }),
  }),
  responses: z.array(
    z.object({
      pattern: z.enum(['plain', 'low', 'disputed', 'both']),
      selected: count,
      labelled: count,
      skipped: count,
      open: count,
    }),
  ),
  agreement: z.number().nullable().meta({ description: 'Krippendorff’s alpha, at most 1.' }),
});
export type DetailAnswer = z.output<typeof accuracyDetail>;

const difference = z.number().min(-1).max(1).nullable();

export const accuracyAnswer = z.object({
  as_of: moment.nullable(),
  estimates: z.array(
    z.object({
      model_version: z.string(),
      window: z.string(),
      from: moment,
      to: moment,
      predictions: count,
      selected: count,
      labels: count,
      effective_labels: z.number().nullable(),
      kish: z.number().nullable(),
      accuracy: ratio,
      lower: ratio,
      upper: ratio,
      raw: z.number().nullable(),
      lambda: z.number().nullable(),
      coverage: ratio,
      maturity: ratio,
      reliable: z.boolean(),
      method: z.string(),
      random: z.object({ accuracy: ratio, lower: ratio, upper: ratio, labels: count }),
      naive: ratio,
      label_free: ratio,
      evalue: z.number().nullable(),
      offline: ratio,
      classes: z.array(
        z.object({
          class_name: z.string(),
          labels: z.number().min(0).meta({ description: 'A tie counts by its vote share.' }),
          precision: interval.nullable(),
          recall: interval.nullable(),
          f1: interval.nullable(),
        }),
      ),
      ...accuracyDetail.shape,
    }),
  ),
  comparisons: z.array(
    z.object({
      model_version: z.string().meta({ description: 'The later one of the two.' }),
      baseline_version: z.string(),
      window: z.string(),
      from: moment,
      to: moment,
      as_of: moment,
      predictions: count.meta({ description: 'Those that both answered, whichever served.' }),
      differ: count.meta({ description: 'Of these, where they named different classes.' }),
      selected: count.meta({ description: 'Of those that differ.' }),
      labels: count.meta({ description: 'Of those that differ: they alone tell the difference.' }),
      difference: difference.meta({
        description: 'Accuracy of model_version minus that of baseline_version.',
      }),
      lower: difference,
      upper: difference,
      mcnemar_p: ratio.meta({
        description: 'Exact; null unless every label was selected with the same chance.',
      }),
    }),
  ),
});

export const recordAnswer = z.object({
  id: z.string(),
  at: moment,
  recorded_at: moment,
  source: z.enum(['web', 'reported']),
  external_id: z.string().nullable(),
  model_version: z.string(),
  prediction: z.string(),
  probability,
  probabilities: z.record(z.string(), probability).nullable(),
  segment: z.string(),
  is_low_confidence: z.boolean(),
  is_disputed: z.boolean(),
  shadow_answer: z
    .object({ model_version: z.string(), prediction: z.string(), probability, at: moment })
    .nullable()
    .meta({ description: 'What the model that did not serve answered.' }),
  policy_id: z.string(),
  rates: z.object({
    random: probability,
    lowConfidence: probability,
    disputed: probability,
    spare: probability,
  }),
  decision: z
    .object({
      batch_id: z.string(),
      decided_at: moment,
      pi: probability,
      q: probability,
      is_selected: z.boolean(),
      is_random: z.boolean(),
    })
    .nullable(),
  feedback: z.array(
    z.object({ kind: feedbackKind, suggested_class: z.string().nullable(), at: moment }),
  ),
  task: z
    .object({
      project: z.string(),
      project_id: z.int(),
      task_id: z.int(),
      pushed_at: moment,
      verdict: z.looseObject({}).nullable(),
      annotations: count,
      deleted_at: moment.nullable(),
    })
    .nullable(),
  image_url: z.url(),
});

export type AccuracyAnswer = z.output<typeof accuracyAnswer>;
export type ClassifiedAnswer = z.output<typeof classifiedAnswer>;
export type UploadAnswer = z.output<typeof uploadAnswer>;
export type ReadyAnswer = z.output<typeof readyAnswer>;
export type RecordAnswer = z.output<typeof recordAnswer>;
