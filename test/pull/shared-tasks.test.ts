import assert from 'node:assert/strict';

import type { PredictionId } from '../../src/domain/ids.ts';
import { type Loop, openLoop } from '../fakes/label-studio-loop.ts';

const NONE = { random: 0, low_confidence: 0, disputed: 0 };

describe('copies of a photo with DEDUPLICATE', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
    loop.settings.choose.isDeduplicating = true;
    await loop.ensure();
  });
  afterEach(() => loop.close());

  const copies = (count: number): Promise<PredictionId[]> =>
    loop.pushed(count, { contentDigest: 'photo' });
  const units = async () => {
    const [version] = await loop.store.modelVersions();
    assert.ok(version);
    return loop.store.units(version.modelVersion, 0, loop.now() + 1, 0);
  };
  const states = async () => (await units()).map(({ outcome }) => outcome.state);
  const tasks = async () => loop.fake.records.tasksOf(await loop.projectId()).length;

  it('one task is made, its label counts for each, and reconciliation finds nothing to mend', async () => {
    const [first] = (await copies(3)) as [PredictionId];
    assert.equal(await tasks(), 1);
    const [taskId] = loop.tasksThere(first) as [number];
    await loop.people.annotate(taskId, ['soup']);
    await loop.pull();
    assert.deepEqual(await states(), ['labelled', 'labelled', 'labelled']);
    const { repairs, kept } = await loop.reconcile();
    assert.deepEqual(
      [repairs, kept],
      [{ missing_task: 0, duplicate_task: 0, missed_annotation: 0, deleted_task: 0 }, NONE],
    );
    assert.equal(await tasks(), 1);
  });

  it('a task that somebody deleted takes its label from each; it is one deletion, not many', async () => {
    const [first] = (await copies(3)) as [PredictionId];
    const others = await loop.pushed(4);
    for (const id of [first, ...others])
      await loop.people.annotate((loop.tasksThere(id) as [number])[0], ['soup']);
    await loop.pull();
    await loop.people.removeTask((loop.tasksThere(first) as [number])[0]);
    const { repairs, kept } = await loop.reconcile();
    assert.deepEqual([repairs.deleted_task, kept], [1, NONE]);
    assert.deepEqual((await states()).filter((state) => state === 'deleted').length, 3);
  });

  it('one is erased while the task is open: the others get a task, and only they', async () => {
    const [first, second] = (await copies(3)) as [PredictionId, PredictionId];
    await loop.store.erasePrediction(first, loop.now());
    await loop.push();
    assert.deepEqual(loop.tasksThere(first), []);
    const [taskId] = loop.tasksThere(second) as [number];
    assert.equal(await tasks(), 1);
    await loop.people.annotate(taskId, ['soup']);
    await loop.pull();
    assert.deepEqual((await states()).sort(), ['deleted', 'labelled', 'labelled']);
    assert.equal((await loop.reconcile()).repairs.missing_task, 0);
  });
});
