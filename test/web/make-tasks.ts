import assert from 'node:assert/strict';

import type { SelectionReason } from '../../src/domain/selection.ts';
import { photo } from './photos.ts';
import type { TestWeb } from './start-test-web.ts';

/** Uploads so many photos and makes each a task, selected for this reason. */
export async function makeTasks(
  web: TestWeb,
  reason: SelectionReason,
  count: number,
): Promise<void> {
  for (let index = 0; index < count; index += 1) await web.predict(await photo());
  const { store } = web;
  const { now } = web.time;
  const fence = await store.acquireLease('sync', 'test', now, 3_600_000);
  assert.ok(fence);
  const candidates = await store.candidates(now + 1);
  const decision = { batchId: `${reason}-${count}`, decidedAt: now, pi: 0.5, q: 0.25 };
  await store.commitBatch(
    {
      ...{ id: decision.batchId, decidedAt: now, tau: 1, floor: 0, budgetLeft: count },
      decisions: candidates.map(({ predictionId, disputedBy }) => ({
        ...{
          predictionId,
          isDisputed: disputedBy !== null,
          isRevision: false,
          isNewlySelected: true,
        },
        decision: { ...decision, isSelected: true, isRandom: reason === 'random' },
        reasons: [reason],
      })),
    },
    fence,
  );
  const entries = await store.dueEntries('create_task', now, count);
  await store.markCreated(
    entries.map(({ id, predictionId, project }) => ({
      ...{ entryId: id, predictionId, project, projectId: 1, taskId: id, pushedAt: now },
    })),
    fence,
  );
}
