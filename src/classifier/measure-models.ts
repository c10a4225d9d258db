import type { Meter } from '../ports/meter.ts';
import type { Models, ServedModel } from './models.ts';

/** Which models are here and how busy the one in service is, as it is when somebody reads it: roles change. */
export function measureModels(meter: Meter, models: Models): void {
  const { model, inference } = models.serving();
  const { running, queued, queueLimit } = inference.load();
  meter.set('truthloop_predict_inflight', running);
  meter.set('truthloop_predict_queue_depth', queued);
  meter.set('truthloop_predict_queue_limit', queueLimit);
  const shadow = models.shadow()?.model;
  meter.clear('truthloop_model_info');
  meter.set('truthloop_model_info', 1, infoOf(model));
  meter.clear('truthloop_shadow_model_info');
  if (shadow !== undefined) meter.set('truthloop_shadow_model_info', 1, infoOf(shadow));
  meter.clear('truthloop_reference_confidence_ratio');
  if (model.confidenceReference !== undefined)
    meter.set('truthloop_reference_confidence_ratio', model.confidenceReference);
}

const infoOf = (model: ServedModel): Readonly<Record<string, string>> => ({
  model: model.name,
  model_version: model.version,
  sha8: model.sha256.slice(0, 8),
});
