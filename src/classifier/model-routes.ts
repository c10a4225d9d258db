import express, { type Express } from 'express';

import { Unauthorized } from '../domain/errors.ts';
import { hasBearer } from '../http/bearer.ts';
import type { ClassifierAppOptions } from './classifier-app-options.ts';
import { RequestRefused } from './faults.ts';
import type { Models, RunningModel } from './models.ts';
import { type ModelsAnswer, promoteRequest } from './schemas.ts';

const BODY_BYTES_MAX = 2048;

/** Which models are here, and which of them serves: `npm run promote` asks here. */
export function addModelRoutes(
  app: Express,
  { models, opsKey }: Pick<ClassifierAppOptions, 'models' | 'opsKey'>,
): void {
  app.get('/models', (_request, response) => void response.json(modelsAnswer(models)));
  app.put(
    '/models/serving',
    (request, _response, next) => {
      if (!hasBearer(request.headers.authorization, opsKey))
        throw new Unauthorized('Send the key: Authorization: Bearer <OPS_KEY>.');
      next();
    },
    express.json({ limit: BODY_BYTES_MAX }),
    async (request, response) => {
      const wanted = promoteRequest.safeParse(request.body);
      if (!wanted.success)
        throw new RequestRefused(422, 'Expected {"version": "..."}.', {
          type: 'value_error',
          loc: ['body', 'version'],
        });
      await models.promote(wanted.data.version);
      response.json(modelsAnswer(models));
    },
  );
}

function modelsAnswer(models: Models): ModelsAnswer {
  const serving = models.serving();
  const shadow = models.shadow();
  return {
    serving: serving.model.version,
    models: [serving, ...(shadow === null ? [] : [shadow])].map(described),
  };
}

const described = ({ model, setting }: RunningModel): ModelsAnswer['models'][number] => ({
  setting,
  name: model.name,
  version: model.version,
  sha256: model.sha256,
});
