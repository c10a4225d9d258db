import assert from 'node:assert/strict';

import { createLabelStudio } from '../../src/adapters/label-studio/create-label-studio.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { LabelingToolUnavailable } from '../../src/domain/errors.ts';
import { modelVersion, type PredictionId } from '../../src/domain/ids.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { type Loop, openLoop } from '../fakes/label-studio-loop.ts';

describe('pullAnnotations', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
    await loop.ensure();
  });
  afterEach(() => loop.close());

  const taskId = async (id: PredictionId): Promise<number> => (await loop.task(id)).taskId;
  const annotate = async (
    id: PredictionId,
    classes: readonly string[],
    by?: number,
  ): Promise<number> => loop.people.annotate(await taskId(id), classes, by);
  const one = async (): Promise<PredictionId> => ((await loop.pushed(1)) as [PredictionId])[0];
  const verdict = async (id: PredictionId) => (await loop.task(id)).verdict;

  it('an annotation arrives, follows its edits, and goes with its deletion', async () => {
    const id = await one();
    const annotationId = await annotate(id, ['bread']);
    assert.equal((await loop.pull()).changes.length, 1);
    assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'bread' });

    await loop.people.edit(annotationId, ['rice']);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'rice' });

    await loop.people.cancel(annotationId);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'skipped' });

    await loop.people.removeAnnotation(annotationId);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'pending' });
    assert.deepEqual((await loop.task(id)).annotations, []);
  });

  it('"None of these", a skip, and answers that can not be used stay apart', async () => {
    const ids = await loop.pushed(5);
    const [none, skipped, unknown, two, empty] = ids as [
      PredictionId,
      PredictionId,
      PredictionId,
      PredictionId,
      PredictionId,
    ];
    await annotate(none, [NONE_OF_THESE]);
    await loop.people.skip(await taskId(skipped));
    await annotate(unknown, ['no such class']);
    await annotate(two, ['bread', 'soup']);
    await annotate(empty, []);
    await loop.pull();
    assert.deepEqual(await verdict(none), { kind: 'agreed', trueClass: NONE_OF_THESE });
    assert.deepEqual(await verdict(skipped), { kind: 'skipped' });
    assert.deepEqual(await verdict(unknown), { kind: 'unusable', why: 'unknown_class' });
    assert.deepEqual(await verdict(two), { kind: 'unusable', why: 'several_classes' });
    assert.deepEqual(await verdict(empty), { kind: 'unusable', why: 'no_class' });
  });

  it('what is read again because of the overlap is counted once', async () => {
    const id = await one();
    await annotate(id, ['no such class']);
    await loop.pull();
    const again = await loop.pull();
    assert.ok(again.read > 0, 'the overlap reads it again');
    assert.equal(again.changes.length, 0);
    const { meter } = loop;
    const why = { why: 'unknown_class' };
    assert.equal(meter.value('truthloop_annotations_unusable_total', why), 1);
    assert.equal(meter.value('truthloop_verdicts_total', { outcome: 'unusable' }), 1);
  });

  it('a change that appears a little behind the watermark is read', async () => {
    const [early, late] = (await loop.pushed(2)) as [PredictionId, PredictionId];
    await annotate(late, ['soup']);
    await loop.pull();
    await annotate(early, ['bread']);
    // Its transaction was slow: its time is 8 s older than what was read already.
    const task = loop.fake.records.tasks.get(await taskId(early));
    const watermark = (await loop.store.watermark(await loop.projectId())) ?? 0;
    assert.ok(task !== undefined);
    task.updated_at = new Date(watermark - 8000).toISOString();
    await loop.pull();
    assert.deepEqual(await verdict(early), { kind: 'agreed', trueClass: 'bread' });
  });

  it('what was said of a task before its sender knew that it was made is read', async () => {
    const [known] = (await loop.pushed(1)) as [PredictionId];
    const [id] = (await loop.record(1)) as [PredictionId];
    await loop.choose();
    const [entry] = await loop.store.dueEntries('create_task', loop.now() + 1, 1);
    assert.ok(entry !== undefined);
    // The sender died after the import: the task is looked up once it can't be in the making any more.
    await loop.store.beginSend([entry.id], loop.now() + 30_000, loop.fence);
    const projectId = await loop.projectId();
    const data = { image: 'http://127.0.0.1/x', prediction_id: id };
    const [there] = (await loop.people.importTasks(projectId, [data])) as [number];
    await loop.people.annotate(there, ['bread']);
    await annotate(known, ['soup']);
    const task = loop.fake.records.tasks.get(await taskId(known));
    assert.ok(task !== undefined);
    task.updated_at = new Date(Date.now() + 25_000).toISOString();
    await loop.pull();
    loop.advance(31_000);
    assert.equal((await loop.push()).found, 1);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'bread' });
  });

  it('only what changed is read, not the whole project', async () => {
    const ids = await loop.pushed(50);
    // Long ago, as seen from the next change.
    for (const task of loop.fake.records.tasks.values())
      task.updated_at = new Date(Date.now() - 60_000).toISOString();
    await annotate(ids[7] as PredictionId, ['soup']);
    await loop.pull();
    assert.equal((await loop.pull()).read, 1);
  });

  it('of one person the latest annotation counts', async () => {
    const id = await one();
    await annotate(id, ['bread'], 1);
    await annotate(id, ['rice'], 1);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'rice' });
    assert.equal((await loop.task(id)).annotations.length, 2);
  });

  it('a tie asks for one more person, once, and the third breaks it', async () => {
    const id = await one();
    await annotate(id, ['bread'], 1);
    await annotate(id, ['rice'], 2);
    await loop.pull();
    assert.equal((await verdict(id)).kind, 'disagreed');
    assert.equal((await loop.push()).done, 1);
    const shown = await loop.people.showTask(await taskId(id));
    assert.deepEqual([shown.overlap, shown.is_labeled], [3, false]);
    await loop.pull();
    assert.equal((await loop.push()).done, 0);
    await annotate(id, ['rice'], 3);
    await loop.pull();
    assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'rice' });
    assert.equal((await loop.push()).done, 0);
  });

  it('the overlap share gets a second person, once two people annotate', async () => {
    const ids = (await loop.pushed(3)) as [PredictionId, PredictionId, PredictionId];
    loop.settings.absorb = {
      ...loop.settings.absorb,
      overlapShare: 0.1,
      overlapNumber: (id) => (id === ids[2] ? 0.5 : 0.05),
    };
    await annotate(ids[0], ['bread'], 1);
    await loop.pull();
    assert.equal((await loop.push()).done, 0, 'one person alone has no second');
    await annotate(ids[2], ['bread'], 2);
    await loop.pull();
    await annotate(ids[1], ['bread'], 1);
    await loop.pull();
    assert.equal((await loop.push()).done, 1);
    assert.equal((await loop.people.showTask(await taskId(ids[1]))).overlap, 2);
    assert.deepEqual(await verdict(ids[1]), { kind: 'agreed', trueClass: 'bread' });
  });

  it('a class of an older version is known in the tasks of that version, and only there', async () => {
    const older = { predictedClass: 'soup', probabilities: { soup: 0.8, stew: 0.2 } };
    const [old] = (await loop.pushed(1, { modelVersion: modelVersion('v0'), ...older })) as [
      PredictionId,
    ];
    const current = await one();
    for (const id of [old, current]) await annotate(id, ['stew']);
    await loop.pull();
    assert.deepEqual(await verdict(old), { kind: 'agreed', trueClass: 'stew' });
    assert.deepEqual(await verdict(current), { kind: 'unusable', why: 'unknown_class' });
  });

  it('cut off in the middle it goes on where it stopped', async () => {
    const ids = await loop.pushed(6);
    for (const id of ids) await annotate(id, ['soup']);
    const tool = createLabelStudio({
      baseUrl: loop.fake.url,
      publicUrl: loop.fake.url,
      token: loop.fake.token,
      clock: systemClock,
      random: systemRandom,
      meter: loop.meter,
      pageSize: 2,
      resilience: { retriesMax: 0 },
    });
    loop.tool.close();
    loop.tool = tool;
    let reads = 0;
    loop.tool = {
      ...tool,
      changedTasks: async function* (projectId, since) {
        for await (const page of tool.changedTasks(projectId, since)) {
          reads += 1;
          if (reads === 3) throw new LabelingToolUnavailable('cut off');
          yield page;
        }
      },
    };
    await assert.rejects(loop.pull(), LabelingToolUnavailable);
    const known = await Promise.all(ids.map(verdict));
    const done = known.filter(({ kind }) => kind === 'agreed').length;
    assert.ok(done > 0 && done < 6, `${done} of 6`);
    loop.tool = tool;
    await loop.pull();
    for (const id of ids)
      assert.deepEqual(await verdict(id), { kind: 'agreed', trueClass: 'soup' });
  });

  it('a project that is gone is named and the others are read', async () => {
    const id = await one();
    await annotate(id, ['soup']);
    await loop.people.removeProject(await loop.projectId('disputed'));
    const { missingProjects, changes } = await loop.pull();
    assert.deepEqual(missingProjects, ['disputed']);
    assert.equal(changes.length, 1);
  });

  it('tasks that are not ours are passed over', async () => {
    const projectId = await loop.projectId();
    const [foreign, marked] = (await loop.people.importTasks(projectId, [
      { image: 'http://127.0.0.1/by-hand' },
      { image: 'http://127.0.0.1/by-hand', prediction_id: 'unheard of' },
    ])) as [number, number];
    await loop.people.annotate(foreign, ['soup']);
    await loop.people.annotate(marked, ['soup']);
    assert.equal((await loop.pull()).changes.length, 0);
  });
});
