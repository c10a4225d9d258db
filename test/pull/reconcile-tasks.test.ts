import assert from 'node:assert/strict';

import { LabelingToolUnavailable } from '../../src/domain/errors.ts';
import type { PredictionId } from '../../src/domain/ids.ts';
import type { TaskRepair } from '../../src/pull/mend-missing.ts';
import { type Loop, openLoop } from '../fakes/label-studio-loop.ts';

const NOTHING: Readonly<Record<TaskRepair, number>> = {
  missing_task: 0,
  duplicate_task: 0,
  missed_annotation: 0,
  deleted_task: 0,
};

const KEPT_NONE = { random: 0, low_confidence: 0, disputed: 0 };

describe('reconcileTasks', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
    await loop.ensure();
  });
  afterEach(() => loop.close());

  const taskId = async (id: PredictionId): Promise<number> => (await loop.task(id)).taskId;
  /** Pushes tasks and labels the first `labelled` of them. */
  const prepared = async (count: number, labelled: number): Promise<PredictionId[]> => {
    const ids = await loop.pushed(count);
    for (const id of ids.slice(0, labelled)) await loop.people.annotate(await taskId(id), ['soup']);
    await loop.pull();
    return ids;
  };
  const labelled = async (ids: readonly PredictionId[]): Promise<number> => {
    const tasks = await loop.store.tasksOf(ids);
    return tasks.filter((task) => task.verdict.kind === 'agreed' && task.deletedAt === null).length;
  };
  const assertNothingLeft = async (): Promise<void> => {
    assert.deepEqual((await loop.reconcile()).repairs, NOTHING);
  };

  it('finds nothing to mend where nothing differs', async () => {
    await prepared(4, 2);
    const { at, ...found } = await loop.reconcile();
    assert.deepEqual(found, { repairs: NOTHING, kept: KEPT_NONE, foreign: 0, missingProjects: [] });
    assert.ok(at <= loop.now());
  });

  it('an unlabelled task that somebody deleted is made again', async () => {
    const [id] = (await prepared(3, 0)) as [PredictionId];
    const before = await taskId(id);
    await loop.people.removeTask(before);
    assert.deepEqual((await loop.reconcile()).repairs, { ...NOTHING, missing_task: 1 });
    await loop.push();
    assert.deepEqual(loop.tasksThere(id), [await taskId(id)]);
    assert.notEqual(await taskId(id), before);
    await assertNothingLeft();
  });

  it('a labelled task that somebody deleted counts no longer and is not made again', async () => {
    const ids = await prepared(6, 6);
    await loop.people.removeTask(await taskId(ids[0] as PredictionId));
    assert.deepEqual((await loop.reconcile()).repairs, { ...NOTHING, deleted_task: 1 });
    assert.equal(await labelled(ids), 5);
    assert.equal((await loop.push()).created, 0);
    await assertNothingLeft();
  });

  it('a single labelled task counts no longer even where it was the only one', async () => {
    const ids = await prepared(1, 1);
    await loop.people.removeTask(await taskId(ids[0] as PredictionId));
    assert.equal((await loop.reconcile()).repairs.deleted_task, 1);
    assert.equal(await labelled(ids), 0);
  });

  it('a task that a long reading slipped past is not taken for gone', async () => {
    const ids = await prepared(4, 2);
    const { tool } = loop;
    loop.tool = {
      ...tool,
      changedTasks: async function* (projectId, since) {
        for await (const page of tool.changedTasks(projectId, since))
          yield page.filter(({ predictionId }) => predictionId !== ids[0]);
      },
    };
    await assertNothingLeft();
    assert.equal(await labelled(ids), 2);
  });

  it('tasks made twice are reduced to one', async () => {
    const ids = await prepared(3, 1);
    const data = ids.map((id) => ({ image: 'http://127.0.0.1/x', prediction_id: id }));
    await loop.people.importTasks(await loop.projectId(), data);
    assert.deepEqual((await loop.reconcile()).repairs, { ...NOTHING, duplicate_task: 3 });
    for (const id of ids) assert.deepEqual(loop.tasksThere(id), [await taskId(id)]);
    assert.equal(await labelled(ids), 1);
    await assertNothingLeft();
  });

  it('a label on the double is kept: our record follows to it', async () => {
    const ids = await prepared(2, 0);
    const [id] = ids as [PredictionId];
    const [double] = (await loop.people.importTasks(await loop.projectId(), [
      { image: 'http://127.0.0.1/x', prediction_id: id },
    ])) as [number];
    await loop.people.annotate(double, ['rice']);
    await loop.pull();
    const { repairs } = await loop.reconcile();
    assert.deepEqual(repairs, { ...NOTHING, duplicate_task: 1, missed_annotation: 1 });
    assert.deepEqual(loop.tasksThere(id), [double]);
    assert.deepEqual((await loop.task(id)).verdict, { kind: 'agreed', trueClass: 'rice' });
    await assertNothingLeft();
  });

  it('of two doubles that are both labelled none is deleted', async () => {
    const [id] = (await prepared(1, 1)) as [PredictionId];
    const [double] = (await loop.people.importTasks(await loop.projectId(), [
      { image: 'http://127.0.0.1/x', prediction_id: id },
    ])) as [number];
    await loop.people.annotate(double, ['rice']);
    assert.equal((await loop.reconcile()).repairs.duplicate_task, 0);
    assert.equal(loop.tasksThere(id).length, 2);
    assert.deepEqual((await loop.task(id)).verdict, { kind: 'agreed', trueClass: 'soup' });
    assert.ok(loop.logged.includes('warn two tasks of one prediction are answered'));
  });

  it('an annotation that no poll brought is found', async () => {
    const ids = await prepared(3, 1);
    const missed = ids[1] as PredictionId;
    await loop.people.annotate(await taskId(missed), ['rice']);
    const task = loop.fake.records.tasks.get(await taskId(missed));
    assert.ok(task !== undefined);
    task.updated_at = new Date(Date.now() - 3_600_000).toISOString();
    assert.equal((await loop.pull()).changes.length, 0);
    assert.deepEqual((await loop.reconcile()).repairs, { ...NOTHING, missed_annotation: 1 });
    assert.deepEqual((await loop.task(missed)).verdict, { kind: 'agreed', trueClass: 'rice' });
    await assertNothingLeft();
  });

  it('what the next pull brings anyway is no repair', async () => {
    const ids = await prepared(2, 1);
    await loop.people.annotate(await taskId(ids[1] as PredictionId), ['rice']);
    await assertNothingLeft();
    assert.equal((await loop.pull()).changes.length, 1);
  });

  it('a project that is gone: its labels are kept and reported, its open tasks made again', async () => {
    const ids = await prepared(5, 2);
    await loop.people.removeProject(await loop.projectId());
    assert.deepEqual((await loop.reconcile()).missingProjects, ['random']);
    await loop.ensure();
    const found = await loop.reconcile();
    assert.deepEqual([found.repairs, found.kept.random], [{ ...NOTHING, missing_task: 3 }, 2]);
    assert.equal((await loop.push()).created, 3);
    assert.equal(await labelled(ids), 2);
    const again = await loop.reconcile();
    assert.deepEqual([again.repairs, again.kept.random], [NOTHING, 2], 'until it is accepted');
    assert.deepEqual((await loop.store.finding('reconciliation'))?.kept, again.kept);
  });

  it('accepted, the labels that were kept count no longer, and are reported no more', async () => {
    const ids = await prepared(5, 5);
    for (const id of ids.slice(0, 3)) await loop.people.removeTask(await taskId(id));
    assert.equal((await loop.reconcile()).kept.random, 3);
    const found = await loop.reconcile('accept');
    assert.deepEqual([found.repairs, found.kept], [{ ...NOTHING, deleted_task: 3 }, KEPT_NONE]);
    assert.equal(await labelled(ids), 2);
    await assertNothingLeft();
  });

  it('kept for good, they go on counting and are reported no more', async () => {
    const ids = await prepared(5, 5);
    await loop.people.removeProject(await loop.projectId());
    await loop.ensure();
    assert.equal((await loop.reconcile()).kept.random, 5);
    for (const decision of ['keep', null, 'accept'] as const)
      assert.deepEqual((await loop.reconcile(decision)).kept, KEPT_NONE);
    assert.equal(await labelled(ids), 5, 'a later decision is about later losses');
  });

  it('what is found gone only with the decision is not part of it', async () => {
    const ids = await prepared(5, 5);
    for (const id of ids.slice(0, 3)) await loop.people.removeTask(await taskId(id));
    assert.equal((await loop.reconcile('accept')).kept.random, 3);
    assert.equal(await labelled(ids), 5);
  });

  it('Label Studio reset to empty: nothing that was labelled is lost, and all open tasks come back', async () => {
    const ids = await prepared(4, 2);
    for (const id of [...loop.fake.records.projects.keys()]) await loop.people.removeProject(id);
    await loop.ensure();
    await loop.reconcile();
    await loop.push();
    assert.equal(await labelled(ids), 2);
    for (const id of ids.slice(2)) assert.deepEqual(loop.tasksThere(id), [await taskId(id)]);
  });

  for (const [amount, labels, answers] of [
    ['a single one', 1, 0],
    ['a few among many new ones', 2, 20],
  ] as const)
    it(`reset to empty and its ids begun anew: its labels are kept, ${amount}`, async () => {
      const ids = await prepared(labels + 1, labels);
      const before = await loop.projectId();
      loop.fake.records.reset();
      await loop.ensure();
      assert.equal(await loop.projectId(), before);
      const later = await prepared(answers, answers);
      const found = await loop.reconcile();
      assert.deepEqual(
        [found.repairs, found.kept.random],
        [{ ...NOTHING, missing_task: 1 }, labels],
      );
      await loop.push();
      assert.equal(await labelled([...ids, ...later]), labels + answers);
      const [open] = ids.slice(labels) as [PredictionId];
      assert.deepEqual(loop.tasksThere(open), [await taskId(open)]);
    });

  it('also where the program died before it knew that the project was made', async () => {
    const ids = await prepared(2, 1);
    loop.fake.records.reset();
    loop.fake.break({ at: 'POST /api/projects', as: 'lost' });
    await assert.rejects(loop.ensure(), LabelingToolUnavailable);
    await loop.ensure();
    assert.equal((await loop.reconcile()).kept.random, 1);
    assert.equal(await labelled(ids), 1);
  });

  it('labelled tasks deleted wholesale: their labels are kept for good, however many follow', async () => {
    const ids = await prepared(10, 10);
    for (const id of ids.slice(0, 3)) await loop.people.removeTask(await taskId(id));
    const found = await loop.reconcile();
    assert.deepEqual([found.repairs, found.kept.random], [NOTHING, 3]);
    assert.equal(await labelled(ids), 10);
    const more = await prepared(20, 20);
    const again = await loop.reconcile();
    assert.deepEqual([again.repairs, again.kept.random], [NOTHING, 3]);
    assert.equal(await labelled([...ids, ...more]), 30);
    assert.ok(loop.logged.some((line) => line.startsWith('error labelled tasks are gone')));
  });

  it('a task without our record is taken over, with its annotation', async () => {
    const [id] = (await loop.record(1)) as [PredictionId];
    await loop.choose();
    const { store } = loop;
    const [entry] = await store.dueEntries('create_task', loop.now() + 1, 1);
    assert.ok(entry !== undefined);
    await store.markDone([entry.id], loop.fence);
    const [there] = (await loop.people.importTasks(await loop.projectId(), [
      { image: 'http://127.0.0.1/x', prediction_id: id },
    ])) as [number];
    await loop.people.annotate(there, ['bread']);
    assert.equal((await loop.reconcile()).repairs.missing_task, 1);
    assert.equal((await loop.push()).found, 1);
    assert.equal(await taskId(id), there);
    await loop.pull();
    assert.deepEqual((await loop.task(id)).verdict, { kind: 'agreed', trueClass: 'bread' });
  });

  it('a task whose sender died before it could note it is no repair: its entry waits for its look-up', async () => {
    const [id] = (await loop.record(1)) as [PredictionId];
    await loop.choose();
    const { store } = loop;
    const [entry] = await store.dueEntries('create_task', loop.now() + 1, 1);
    assert.ok(entry !== undefined);
    await store.beginSend([entry.id], loop.now() + 30_000, loop.fence);
    await loop.people.importTasks(await loop.projectId(), [
      { image: 'http://127.0.0.1/x', prediction_id: id },
    ]);
    const { repairs, foreign } = await loop.reconcile();
    assert.deepEqual([repairs, foreign], [NOTHING, 0]);
  });

  it("others' tasks in our projects are left alone", async () => {
    await prepared(1, 0);
    await loop.people.importTasks(await loop.projectId(), [
      { image: 'http://127.0.0.1/x' },
      { image: 'http://127.0.0.1/x', prediction_id: 'unheard of' },
    ]);
    const found = await loop.reconcile();
    assert.deepEqual([found.repairs, found.foreign], [NOTHING, 1]);
    assert.equal(loop.fake.records.tasksOf(await loop.projectId()).length, 3);
  });

  it('repairs are counted by kind', async () => {
    const ids = await prepared(3, 0);
    for (const id of ids.slice(0, 2)) await loop.people.removeTask(await taskId(id));
    await loop.reconcile();
    const kind = { kind: 'missing_task' };
    assert.equal(loop.meter.value('truthloop_reconcile_repairs_total', kind), 2);
  });
});
