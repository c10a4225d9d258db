import { PROJECT_KINDS } from '../domain/selection.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';

/**
 * The classes that annotators must be able to choose: those of the model in service, and those of every other version
 * that has open tasks; none goes before.
 * @param current classes of the model in service, in its order
 * @returns `current`, then the others sorted
 */
export async function classesInUse(
  store: Pick<EstimateStore, 'modelVersions'> &
    Pick<TaskStore, 'allTasks'> &
    Pick<PredictionStore, 'findPrediction'>,
  current: readonly string[],
): Promise<readonly string[]> {
  if ((await store.modelVersions()).length < 2) return current;
  const others = new Set<string>();
  for (const kind of PROJECT_KINDS)
    for await (const page of store.allTasks(kind))
      for (const { predictionId, verdict } of page) {
        if (verdict.kind !== 'pending') continue;
        const prediction = await store.findPrediction(predictionId);
        if (prediction === null) continue;
        others.add(prediction.predictedClass);
        for (const name of Object.keys(prediction.probabilities ?? {})) others.add(name);
      }
  return [...current, ...[...others].filter((name) => !current.includes(name)).sort()];
}
