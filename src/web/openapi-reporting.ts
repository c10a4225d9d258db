import { json, type OpenApi, type Operation, ref, text } from '../http/openapi.ts';
import {
  error,
  FOREIGN,
  get,
  ID,
  IMAGE_REFUSED,
  INGEST,
  KEYED,
  NOT_FOUND,
  operation,
  OPS,
  query,
  TOO_OFTEN,
  UNAUTHORIZED,
  UNDER_WAY,
} from './openapi-parts.ts';

export const reportOperation = (): Operation =>
  operation({
    operationId: 'report',
    summary: 'Report what another model predicted',
    ...INGEST,
    parameters: [KEYED],
    requestBody: takesJson('Report'),
    responses: {
      '200': json('The external_id was known: this is its prediction.', 'Reported'),
      '201': json('Recorded.', 'Reported'),
      ...UNAUTHORIZED,
      ...FOREIGN,
      ...IMAGE_REFUSED,
      ...UNDER_WAY,
      ...TOO_OFTEN,
    },
  });

const takesJson = (schema: string): NonNullable<Operation['requestBody']> => ({
  required: true,
  content: { 'application/json': { schema: ref(schema) } },
});

export const datasetPath = (): OpenApi['paths'][string] =>
  get(
    'dataset',
    'Rows of a training set: what annotators and users said, with the address of each image',
    {
      '200': text('A JSON object a line.', 'application/x-ndjson'),
      '422': error('No such window, or neither true nor false.'),
      ...UNAUTHORIZED,
    },
    {
      parameters: [
        query(
          'window',
          'Predictions of the last hours or days, such as 24h or 30d (default), or all.',
        ),
        query('model_version', 'Only this one.'),
        query('hold_out', 'true keeps the random part out of training.'),
        query(
          'with_model_answers',
          "true adds the model's own answers where nobody said anything.",
        ),
      ],
      ...OPS,
    },
  );

/** Images that come later, and the keys of those who send them. */
export const reporterPaths = (): OpenApi['paths'] => ({
  '/api/images/wanted': get(
    'wantedImages',
    'Predictions reported without an image that are to be labelled',
    { '200': json('Up to 1,000.', 'Wanted'), ...UNAUTHORIZED },
    INGEST,
  ),
  '/api/predictions/{id}/image': {
    put: operation({
      operationId: 'sendImage',
      summary: 'Send a wanted image',
      parameters: [ID],
      ...INGEST,
      requestBody: takesJson('Image'),
      responses: {
        '204': { description: 'Kept; its task is made now.' },
        '409': error('It has its image, is not to be labelled, or belongs to another service.'),
        ...UNAUTHORIZED,
        ...FOREIGN,
        ...NOT_FOUND,
        ...IMAGE_REFUSED,
      },
    }),
  },
  '/api/keys': {
    ...get(
      'keys',
      'Reporting services that have a key of their own',
      { '200': json('Their names.', 'Keys'), ...UNAUTHORIZED },
      OPS,
    ),
    post: operation({
      operationId: 'makeKey',
      summary: 'Make a key for a reporting service',
      ...OPS,
      requestBody: takesJson('NewKey'),
      responses: {
        '201': json('The key.', 'Key'),
        '409': error('The name is taken.'),
        '413': error('The body is too large.'),
        '415': error('Not JSON.'),
        '422': error('The name can not be.'),
        ...UNAUTHORIZED,
        ...FOREIGN,
      },
    }),
  },
  '/api/keys/{name}': {
    delete: operation({
      operationId: 'revokeKey',
      summary: 'Revoke the key of a reporting service',
      parameters: [{ ...ID, name: 'name', description: 'Name of the service.' }],
      ...OPS,
      responses: {
        '204': { description: 'Revoked.' },
        '404': error('There is no such service.'),
        ...UNAUTHORIZED,
        ...FOREIGN,
      },
    }),
  },
});
