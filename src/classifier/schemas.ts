import { z } from 'zod';

import { EXAMPLE_IMAGE } from '../http/openapi.ts';

/** What `POST /predict` takes as JSON. */
export const predictRequest = z.object({
  image: z.string().meta({
    description:
      'A JPEG, PNG or WebP image in base64; white space and a data-URL prefix are tolerated.',
    contentEncoding: 'base64',
    examples: [EXAMPLE_IMAGE],
  }),
});

const probability = z.number().min(0).max(1);

/** What it answers. */
export const predictAnswer = z.object({
  prediction: z.string().meta({ description: 'The likeliest class.' }),
  probability: probability.meta({ description: 'Probability of that class.' }),
  probabilities: z
    .record(z.string(), probability)
    .meta({ description: 'Class -> probability; they sum to 1.' }),
  model_version: z.string().meta({ description: 'Which model file answered.' }),
});

const version = z.string().min(1).max(200);

/** What `POST /shadow/predict` takes in its address. */
export const shadowQuery = z.object({ served_by: version.optional() });

/** What `PUT /models/serving` takes. */
export const promoteRequest = z.object({
  version: version.meta({ description: 'Of the model that is to serve.' }),
});

const sha256 = z.string().length(64);

/** What `GET /models` answers. */
export const modelsAnswer = z.object({
  serving: z.string().meta({ description: 'Version of the model that serves.' }),
  models: z
    .array(
      z.object({
        setting: z
          .enum(['MODEL_DIR', 'SHADOW_MODEL_DIR'])
          .meta({ description: 'The setting that names its folder.' }),
        name: z.string(),
        version: z.string(),
        sha256,
      }),
    )
    .meta({ description: 'The one that serves first.' }),
});

/** A refusal in one sentence. */
export const refusal = z.object({ detail: z.string() });

/** A request that is not of the right shape, field by field. */
export const invalidRequest = z.object({
  detail: z.array(
    z.object({
      type: z.string(),
      loc: z.array(z.union([z.string(), z.int()])),
      msg: z.string(),
    }),
  ),
});

export const liveAnswer = z.object({ status: z.literal('ok') });
export const readyAnswer = z.object({ ready: z.boolean() });

export type PredictAnswer = z.output<typeof predictAnswer>;
export type ModelsAnswer = z.output<typeof modelsAnswer>;
export type InvalidRequest = z.output<typeof invalidRequest>;
