import type { ModelFolder } from '../adapters/onnx/model-folder.ts';
import { CLASSIFIER_HANDLERS } from '../classifier/create-classifier-app.ts';
import { startClassifier, type StartedClassifier } from '../classifier/start-classifier.ts';
import type { Config } from '../config/parse-config.ts';
import { sayInWords } from './listen.ts';
import { type RoleMetrics, roleMetrics } from './role-metrics.ts';
import type { Part } from './service.ts';
import { startServiceModels } from './start-service-models.ts';
import type { Surroundings } from './surroundings.ts';

/** The classifier role. @param shadow the model beside; null: there is none */
export function classifierPart(
  config: Config,
  model: ModelFolder,
  shadow: ModelFolder | null,
  around: Surroundings,
): Part {
  let started: StartedClassifier | null = null;
  return {
    name: 'classifier',
    async start() {
      const role = roleMetrics(
        'classifier',
        { classes: model.classes, handlers: CLASSIFIER_HANDLERS },
        around.build,
      );
      started = await startRole(config, model, shadow, around, role);
    },
    leave: () => started?.leave(),
    stop: async () => started?.stop(),
  };
}

async function startRole(
  config: Config,
  model: ModelFolder,
  shadow: ModelFolder | null,
  around: Surroundings,
  role: RoleMetrics,
): Promise<StartedClassifier> {
  const { log } = around;
  const models = await startServiceModels(config, model, shadow, { ...around, meter: role.meter });
  const place = { host: config.HOST, port: config.CLASSIFIER_PORT, setting: 'CLASSIFIER_PORT' };
  const started = await startClassifier({
    ...place,
    ...role,
    models,
    log,
    uploadBytesMax: config.UPLOAD_BYTES_MAX,
    opsKey: config.OPS_KEY,
    ...rateLimit(config, around),
  }).catch(async (error: unknown) => {
    await models.stop();
    throw sayInWords(error, place);
  });
  log.info(
    {
      url: started.url,
      model: models.serving().model.version,
      shadow: models.shadow()?.model.version ?? null,
    },
    'classifier ready',
  );
  return started;
}

function rateLimit(
  { RATE_LIMIT_PER_MINUTE: perMinute, TRUST_PROXY: trustProxy }: Config,
  { clock }: Surroundings,
): Pick<Parameters<typeof startClassifier>[0], 'rateLimit'> {
  return perMinute === 0 ? {} : { rateLimit: { perMinute, trustProxy, clock } };
}
