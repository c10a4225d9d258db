import type { Meter } from '../ports/meter.ts';

/** Which build runs. Once, at the start of a role. */
export function exposeBuild(
  meter: Meter,
  build: { readonly version: string; readonly revision: string },
): void {
  meter.set('truthloop_build_info', 1, { ...build });
}

/**
 * Which model answers, and how sure of itself it was on its held-out test. Whenever a model is loaded.
 * @param model.sha256 hex digest of the model file
 * @param model.confidenceReference mean confidence on the held-out test, or null when model.json says none
 */
export function exposeModel(
  meter: Meter,
  model: {
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
    readonly confidenceReference: number | null;
  },
): void {
  meter.clear('truthloop_model_info');
  meter.set('truthloop_model_info', 1, {
    model: model.name,
    model_version: model.version,
    sha8: model.sha256.slice(0, 8),
  });
  meter.clear('truthloop_reference_confidence_ratio');
  if (model.confidenceReference !== null) {
    meter.set('truthloop_reference_confidence_ratio', model.confidenceReference);
  }
}

/** The accuracy that the team wants to hold, for alerts and boards to compare with. */
export function exposeTarget(meter: Meter, targetAccuracy: number): void {
  meter.set('truthloop_target_accuracy_ratio', targetAccuracy);
}
