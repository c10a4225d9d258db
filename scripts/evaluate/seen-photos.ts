import { existsSync } from 'node:fs';
import path from 'node:path';

import { HashIndex } from '../dataset/hash-index.ts';
import { MANIFEST, readManifest } from '../dataset/manifest.ts';
import { UsageError } from '../records/run-command.ts';

/** Photos that a fit has seen: by prediction, by content, and by what they show. */
export interface SeenPhotos {
  readonly count: number;
  hasId(predictionId: string): boolean;
  /** @param hash see perceptualHash; null when it is not known */
  hasPicture(sha256: string, hash: string | null): boolean;
}

/**
 * @param places dataset folders or manifests; rows held out of training are not seen
 * @throws UsageError when one is not there
 */
export async function readSeenPhotos(places: readonly string[]): Promise<SeenPhotos> {
  const ids = new Set<string>();
  const digests = new Set<string>();
  const pictures = new HashIndex();
  for (const place of places)
    for await (const { row } of readManifest(manifestAt(place))) {
      if (row.split !== 'train') continue;
      ids.add(row.prediction_id);
      digests.add(row.sha256);
      if (row.perceptual_hash !== null) pictures.add(row.perceptual_hash, 0);
    }
  return {
    count: ids.size,
    hasId: (id) => ids.has(id),
    hasPicture: (sha256, hash) =>
      digests.has(sha256) || (hash !== null && pictures.nearest(hash) !== null),
  };
}

function manifestAt(place: string): string {
  const inFolder = path.join(place, MANIFEST);
  if (existsSync(inFolder)) return inFolder;
  if (place.endsWith('.jsonl') && existsSync(place)) return place;
  throw new UsageError(`--exclude ${place}: expected a dataset (with ${MANIFEST}) or a manifest.`);
}
