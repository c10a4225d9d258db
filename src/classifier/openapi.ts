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
  modelsAnswer,
  predictAnswer,
  predictRequest,
  promoteRequest,
  readyAnswer,
  refusal,
} from './schemas.ts';

const SCHEMAS = {
  requests: { PredictRequest: predictRequest, PromoteRequest: promoteRequest },
  answers: {
    PredictAnswer: predictAnswer,
    Refusal: refusal,
    InvalidRequest: invalidRequest,
    Live: liveAnswer,
    Ready: readyAnswer,
    Models: modelsAnswer,
  },
} as const;

const IMAGE_BODY: Operation['requestBody'] = {
  required: true,
  content: {
    'application/json': { schema: ref('PredictRequest') },
    ...imageForm(),
    'image/*': { schema: { type: 'string', format: 'binary' } },
  },
};

const PREDICT_RESPONSES: Operation['responses'] = {
  '200': json('The prediction.', 'PredictAnswer'),
  '400': json('No base64, a broken form, or an image that is damaged.', 'Refusal'),
  '413': json('Too many bytes or pixels.', 'Refusal'),
  '415': json('Neither JPEG, PNG nor WebP; or a kind of body that is not taken.', 'Refusal'),
  '422': json('No JSON, or no image in it.', 'InvalidRequest'),
  '429': retryLater('One client asks too often.', 'Refusal'),
  '503': retryLater('More work than can be taken just now.', 'Refusal'),
};

const NO_SHADOW = json('There is no shadow model here.', 'Refusal');

const predictOperation = (classes: readonly string[]): Operation => ({
  operationId: 'predict',
  summary: 'Classify an image',
  description: `Answers the likeliest of these classes: ${classes.join(', ')}.`,
  requestBody: IMAGE_BODY,
  responses: PREDICT_RESPONSES,
});

const CANARY_OPERATION: Operation = {
  operationId: 'predictAsCanary',
  summary: 'Classify an image by the shadow model, for somebody who waits',
  description: 'Web asks here for the share of uploads that CANARY_SHARE says.',
  requestBody: IMAGE_BODY,
  responses: { ...PREDICT_RESPONSES, '404': NO_SHADOW },
};

const SHADOW_OPERATION: Operation = {
  operationId: 'predictByOther',
  summary: 'Classify an image by the model that did not answer, when there is time',
  description: 'Refused while answers that somebody waits for would have to wait for it.',
  parameters: [
    {
      name: 'served_by',
      in: 'query',
      required: false,
      description: 'Version of the model that answered; default: the one that serves.',
      schema: { type: 'string', minLength: 1, maxLength: 200 },
    },
  ],
  requestBody: IMAGE_BODY,
  responses: {
    ...PREDICT_RESPONSES,
    '404': NO_SHADOW,
    '422': json('No JSON, no image in it, or served_by names no model here.', 'InvalidRequest'),
    '503': retryLater('Other answers come first.', 'Refusal'),
  },
};

const PROMOTE_OPERATION: Operation = {
  operationId: 'promote',
  summary: 'Let a model serve',
  description:
    'The other one becomes its shadow. No request is lost; a model that serves already is none to change. It holds after a restart, for these two models.',
  security: [{ opsKey: [] }],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: ref('PromoteRequest') } },
  },
  responses: {
    '200': json('It serves.', 'Models'),
    '400': json('The body can not be read.', 'Refusal'),
    '401': json('No ops key.', 'Refusal'),
    '404': json('No model here has this version.', 'Refusal'),
    '422': json('No version in the body.', 'InvalidRequest'),
    '503': retryLater('It can not be kept, or the service is stopping.', 'Refusal'),
  },
};

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
      '/canary/predict': { post: CANARY_OPERATION },
      '/shadow/predict': { post: SHADOW_OPERATION },
      '/models': get('models', 'Which models are here, and which of them serves', {
        '200': json('The one that serves first.', 'Models'),
      }),
      '/models/serving': { put: PROMOTE_OPERATION },
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
    components: {
      schemas: componentSchemas(SCHEMAS),
      securitySchemes: {
        opsKey: { type: 'http', scheme: 'bearer', description: 'OPS_KEY' },
      },
    },
  };
}
