import {
  componentSchemas,
  imageForm,
  json,
  type OpenApi,
  type Operation,
  ref,
  text,
} from '../http/openapi.ts';
import {
  accuracyAnswer,
  classifiedAnswer,
  correctionRequest,
  errorAnswer,
  feedbackAnswer,
  imageRequest,
  keysAnswer,
  liveAnswer,
  newKeyAnswer,
  newKeyRequest,
  readyAnswer,
  recordAnswer,
  reportAnswer,
  revokedAnswer,
  uploadAnswer,
  wantedAnswer,
} from './api-schemas.ts';
import {
  error,
  FOREIGN,
  get,
  ID,
  IMAGE_REFUSED,
  KEYED,
  NOT_FOUND,
  operation,
  OPS,
  query,
  TOO_OFTEN,
  UNAUTHORIZED,
  UNDER_WAY,
} from './openapi-parts.ts';
import { datasetPath, reporterPaths, reportOperation } from './openapi-reporting.ts';
import { reportSchema } from './report-schema.ts';

const SCHEMAS = {
  requests: {
    Report: reportSchema,
    Correction: correctionRequest,
    Image: imageRequest,
    NewKey: newKeyRequest,
  },
  answers: {
    Upload: uploadAnswer,
    Classified: classifiedAnswer,
    Reported: reportAnswer,
    Wanted: wantedAnswer,
    Key: newKeyAnswer,
    Keys: keysAnswer,
    Feedback: feedbackAnswer,
    Revoked: revokedAnswer,
    Accuracy: accuracyAnswer,
    Record: recordAnswer,
    Live: liveAnswer,
    Ready: readyAnswer,
    Error: errorAnswer,
  },
} as const;

function feedbackPaths(
  kind: string,
  name: string,
  says: string,
  body: Partial<Operation>,
): OpenApi['paths'] {
  const given = { ...FOREIGN, ...NOT_FOUND };
  const revoke = {
    parameters: [ID],
    responses: { '200': json('Taken back, or never said.', 'Revoked'), ...given },
  };
  const refused = {
    '413': error('The body is too large.'),
    '415': error('An encoding that is not known here.'),
    '422': error('No class of the deployment.'),
  };
  return {
    [`/${kind}/{id}`]: {
      post: operation({
        operationId: name,
        summary: says,
        parameters: [ID, KEYED],
        ...body,
        responses: { '200': json('Noted.', 'Feedback'), ...given, ...UNDER_WAY, ...refused },
      }),
      delete: operation({ operationId: `${name}Revoke`, summary: `Take back: ${says}`, ...revoke }),
    },
    [`/${kind}/{id}/undo`]: {
      post: operation({
        operationId: `${name}Undo`,
        summary: `Take back, for pages without JavaScript: ${says}`,
        ...revoke,
      }),
    },
  };
}

const upload = (classes: readonly string[], segments: readonly string[]): Operation =>
  operation({
    operationId: 'upload',
    summary: 'Upload an image',
    description: `Classifies it, keeps it, and answers the likeliest of these classes: ${classes.join(', ')}.`,
    parameters: [KEYED],
    requestBody: {
      required: true,
      content: imageForm(segments.length === 0 ? {} : { segment: { enum: [...segments] } }),
    },
    responses: {
      '200': json('The prediction, recorded.', 'Upload'),
      '404': error('This deployment has no classifier: predictions are reported.'),
      ...FOREIGN,
      ...IMAGE_REFUSED,
      ...UNDER_WAY,
      ...TOO_OFTEN,
    },
  });

const record = (): OpenApi['paths'][string] => ({
  ...get(
    'record',
    'Everything that is kept about a prediction',
    { '200': json('The record.', 'Record'), ...UNAUTHORIZED, ...NOT_FOUND },
    { parameters: [ID], ...OPS },
  ),
  delete: operation({
    operationId: 'erase',
    summary: 'Delete picture, task and record of a prediction',
    parameters: [ID],
    ...OPS,
    responses: {
      '204': { description: 'Gone.' },
      ...UNAUTHORIZED,
      ...FOREIGN,
      ...NOT_FOUND,
    },
  }),
});

function pathsOf(classes: readonly string[], segments: readonly string[]): OpenApi['paths'] {
  const correction = {
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: ref('Correction') },
        'application/x-www-form-urlencoded': { schema: ref('Correction') },
      },
    },
  };
  return {
    '/predict': { post: upload(classes, segments) },
    '/test': get('test', 'Classify a built-in picture; nothing is recorded', {
      '200': json('The answer.', 'Classified'),
      '404': error('This deployment has no classifier.'),
      ...TOO_OFTEN,
    }),
    ...feedbackPaths('flag', 'flag', 'This is wrong', {}),
    ...feedbackPaths('correct-label', 'correct', 'It is really ...', correction),
    ...feedbackPaths('confirm', 'confirm', 'This is right', {}),
    '/images/{id}': get(
      'image',
      'A picture behind a signed link',
      {
        '200': text('The picture.', 'image/jpeg'),
        '403': error('The link was altered or has expired.'),
        ...NOT_FOUND,
      },
      { parameters: [ID, query('exp', 'When it expires.'), query('sig', 'Its signature.')] },
    ),
    '/api/predictions': { post: reportOperation() },
    '/api/predictions/{id}': record(),
    ...reporterPaths(),
    '/api/accuracy': get(
      'accuracy',
      'The estimates; null where something is not defined',
      { '200': json('The estimates.', 'Accuracy'), ...UNAUTHORIZED },
      {
        parameters: [
          query('model_version', 'Only this one.'),
          query('window', 'Only this one: 1h, 1d, 7d, 30d or all, as WINDOWS says.'),
        ],
        ...OPS,
      },
    ),
    '/api/dataset': datasetPath(),
    '/livez': get('live', 'Is the process alive?', { '200': json('It is.', 'Live') }),
    '/readyz': get('ready', 'Is the service taking requests?', {
      '200': json('It is.', 'Ready'),
      '503': json('Not now.', 'Ready'),
    }),
    '/metrics': get(
      'metrics',
      'Metrics for Prometheus',
      { '200': text("Prometheus' text format.", 'text/plain'), ...UNAUTHORIZED },
      OPS,
    ),
    '/openapi.json': get('openapi', 'This document', {
      '200': { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: {} } } },
    }),
  };
}

/**
 * OpenAPI 3.1 of web's API, from the schemas that check requests and type answers.
 * @param deployment its classes and segments
 */
export const openApi = (deployment: {
  readonly classes: readonly string[];
  readonly segments: readonly string[];
}): OpenApi => ({
  openapi: '3.1.0',
  info: {
    title: 'Truthloop web',
    version: '1',
    description: 'Uploads, reports, feedback and accuracy. Pages for people live beside it.',
  },
  servers: [{ url: '/' }],
  paths: pathsOf(deployment.classes, deployment.segments),
  components: {
    schemas: componentSchemas(SCHEMAS),
    securitySchemes: {
      ingestKey: { type: 'http', scheme: 'bearer', description: 'INGEST_KEY' },
      opsKey: { type: 'http', scheme: 'bearer', description: 'OPS_KEY' },
    },
  },
});
