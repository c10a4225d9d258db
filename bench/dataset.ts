import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { writeDataset } from '../scripts/dataset/write-dataset.ts';
import { modelVersion, objectKey, predictionId } from '../src/domain/ids.ts';
import type { PredictionRecord } from '../src/ports/store/prediction-store.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const PAGE = 500;
const AT = Date.UTC(2026, 0, 1);

/** `npm run bench -- dataset`: the manifest of a dataset and all that follows from it, for more and more labels. */
export async function benchDataset(): Promise<void> {
  console.log('rows       seconds   rows/s   peak of the process, MB');
  for (const size of SIZES) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-bench-'));
    let peak = 0;
    const progress = (): void => {
      peak = Math.max(peak, process.memoryUsage().rss);
    };
    const begin = performance.now();
    try {
      await writeDataset({
        out: path.join(folder, 'out'),
        store: { recordsBetween: () => records(size) },
        objects: null,
        window: { name: 'all', from: 0, to: AT + size },
        choice: {
          ...{ classes: new Set(CLASSES), modelVersion: null },
          ...{ holdOut: true, withModelAnswers: false },
        },
        folders: new Map(CLASSES.map((name) => [name, name])),
        now: AT,
        progress,
      });
      progress();
    } finally {
      rmSync(folder, { recursive: true });
    }
    const seconds = (performance.now() - begin) / 1000;
    console.log(
      `${String(size).padEnd(10)} ${seconds.toFixed(1).padStart(7)} ${(size / seconds).toFixed(0).padStart(8)} ${(peak / 1e6).toFixed(0).padStart(8)}`,
    );
  }
}

const CLASSES = ['Bread', 'Rice', 'Soup'];

async function* records(size: number): AsyncGenerator<readonly PredictionRecord[]> {
  for (let start = 0; start < size; start += PAGE)
    yield Array.from({ length: PAGE }, (_, index) => recordOf(start + index));
}

function recordOf(number: number): PredictionRecord {
  const id = predictionId(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
  const trueClass = CLASSES[number % 3] ?? '';
  const predictedClass = CLASSES[(number + Number(number % 10 === 0)) % 3] ?? '';
  const at = AT + number;
  return {
    prediction: {
      ...{ id, at, recordedAt: at, modelVersion: modelVersion('v1'), predictedClass, segment: '' },
      confidence: 0.8,
      probabilities: { Bread: 0.1, Rice: 0.1, Soup: 0.1, [predictedClass]: 0.8 },
      objectKey: objectKey(`images/${id}.jpg`),
      contentDigest: createHash('sha256').update(id).digest('hex'),
      ...{ isLowConfidence: false, policyId: 'p', source: 'web', externalId: null },
      rates: { random: 0.5, lowConfidence: 0, disputed: 1, spare: 0.5 },
      isDisputed: false,
      shadowAnswer: null,
      decision: {
        ...{ batchId: 'b', decidedAt: at, pi: 0.5, q: 0.3 },
        ...{ isSelected: true, isRandom: number % 2 === 0 },
      },
    },
    feedback: [],
    task: {
      ...{ predictionId: id, project: 'random', projectId: 1, taskId: number, pushedAt: at },
      ...{ annotatorsWanted: 1, verdict: { kind: 'agreed', trueClass }, deletedAt: null },
      annotations: [
        {
          ...{ annotationId: number, annotator: '1', createdAt: at, updatedAt: at },
          answer: { kind: 'class', trueClass },
        },
      ],
    },
  };
}
