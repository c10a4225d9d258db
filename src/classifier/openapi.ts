import {
  componentSchemas,
  imageForm,
  json,
  type OpenApi,
  type Operation,
  ref,
  retryLater,
  text,
} from '../http/openapi.ts';
import {
  invalidRequest,
  liveAnswer,
  predictAnswer,
  predictRequest,
  readyAnswer,
  refusal,
} from './schemas.ts';

const SCHEMAS = {
  requests: { PredictRequest: predictRequest },
  answers: {
    PredictAnswer: predictAnswer,
    Refusal: refusal,
    InvalidRequest: invalidRequest,
    Live: liveAnswer,
    Ready: readyAnswer,
  },
} as const;

const predictOperation = (classes: readonly string[]): Operation => ({
  operationId: 'predict',
  summary: 'Classify an image',
  description: `Answers the likeliest of these classes: ${classes.join(', ')}.`,
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: ref('PredictRequest') },
      ...imageForm(),
      'image/*': { schema: { type: 'string', format: 'binary' } },
    },
  },
  responses: {
    '200': json('The prediction.', 'PredictAnswer'),
    '400': json('No base64, a broken form, or an image that is damaged.', 'Refusal'),
    '413': json('Too many bytes or pixels.', 'Refusal'),
    '415': json('Neither JPEG, PNG nor WebP; or a kind of body that is not taken.', 'Refusal'),
    '422': json('No JSON, or no image in it.', 'InvalidRequest'),
    '429': retryLater('One client asks too often.', 'Refusal'),
    '503': retryLater('More work than can be taken just now.', 'Refusal'),
  },
});

const get = (
  operationId: string,
  summary: string,
  responses: Operation['responses'],
): { readonly get: Operation } => ({ get: { operationId, summary, responses } });

/**
 * OpenAPI 3.1 of the classifier, from the schemas that check requests and type answers.
 * @param model whose classes and version the document names
 */
export function openApi(model: {
  readonly name: string;
  readonly version: string;
  readonly classes: readonly string[];
}): OpenApi {
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
    components: { schemas: componentSchemas(SCHEMAS) },
  };
}
