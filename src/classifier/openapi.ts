import { z } from 'zod';

import {
  invalidRequest,
  liveAnswer,
  predictAnswer,
  predictRequest,
  readyAnswer,
  refusal,
} from './schemas.ts';

const SCHEMAS = {
  PredictRequest: predictRequest,
  PredictAnswer: predictAnswer,
  Refusal: refusal,
  InvalidRequest: invalidRequest,
  Live: liveAnswer,
  Ready: readyAnswer,
} as const;

type SchemaName = keyof typeof SCHEMAS;
type Responses = Readonly<Record<string, object>>;

const ref = (name: SchemaName): object => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, name: SchemaName): object => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
const text = (description: string, type: string): object => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

const retryLater = (description: string): object => ({
  ...json(description, 'Refusal'),
  headers: {
    'Retry-After': {
      description: 'Seconds to wait before the next try.',
      schema: { type: 'integer', minimum: 1 },
    },
  },
});

const predictOperation = (classes: readonly string[]): object => ({
  operationId: 'predict',
  summary: 'Classify an image',
  description: `Answers the likeliest of these classes: ${classes.join(', ')}.`,
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: ref('PredictRequest') },
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' } },
          required: ['file'],
        },
      },
      'image/*': { schema: { type: 'string', format: 'binary' } },
    },
  },
  responses: {
    '200': json('The prediction.', 'PredictAnswer'),
    '400': json('No base64, a broken form, or an image that is damaged.', 'Refusal'),
    '413': json('Too many bytes or pixels.', 'Refusal'),
    '415': json('Neither JPEG, PNG nor WebP; or a kind of body that is not taken.', 'Refusal'),
    '422': json('No JSON, or no image in it.', 'InvalidRequest'),
    '429': retryLater('One client asks too often.'),
    '503': retryLater('More work than can be taken just now.'),
  },
});

const get = (operationId: string, summary: string, responses: Responses): object => ({
  get: { operationId, summary, responses },
});

/**
 * OpenAPI 3.1 of the classifier, from the schemas that check requests and type answers.
 * @param model whose classes and version the document names
 */
export function openApi(model: {
  readonly name: string;
  readonly version: string;
  readonly classes: readonly string[];
}): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Truthloop classifier',
      version: model.version,
      description: `Classifies images with the model ${model.name}.`,
    },
    servers: [{ url: '/' }],
    paths: {
      '/predict': { post: predictOperation(model.classes) },
      '/livez': get('live', 'Is the process alive?', { '200': json('It is.', 'Live') }),
      '/readyz': get('ready', 'Is the model loaded, and is the service taking requests?', {
        '200': json('It is.', 'Ready'),
        '503': json('Not now.', 'Ready'),
      }),
      '/metrics': get('metrics', 'Metrics for Prometheus', {
        '200': text("Prometheus' text format.", 'text/plain'),
      }),
      '/docs': get('docs', 'This document, to read', { '200': text('A page.', 'text/html') }),
      '/openapi.json': get('openapi', 'This document', {
        '200': { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: {} } } },
      }),
    },
    components: { schemas: schemas() },
  };
}

function schemas(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      name,
      { ...z.toJSONSchema(schema), $schema: undefined },
    ]),
  );
}
