import { NotFound } from '../domain/errors.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';

export interface EraseOptions {
  readonly store: Pick<PredictionStore, 'erasePrediction'>;
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly clock: Clock;
}

/**
 * Deletes what a person asked to have deleted. The record goes first: an image that outlives a crash in between is one
 * that nobody refers to any more, and is swept. The task in the labelling tool goes with the next sync run.
 * @throws NotFound
 */
export async function erasePrediction(
  id: PredictionId,
  { store, objects, clock }: EraseOptions,
): Promise<void> {
  const left = await store.erasePrediction(id, clock.now());
  if (left === null)
    throw new NotFound(
      `There is no prediction ${id}: it was never recorded, or is deleted already.`,
    );
  await objects.delete(left.objectKey);
}
