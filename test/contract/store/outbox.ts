import assert from 'node:assert/strict';

import { LeaseLost } from '../../../src/domain/errors.ts';
import type { Bench } from './fixtures.ts';
import {
  DAY,
  entriesOf,
  HOUR,
  NOON,
  pid,
  prediction,
  pushTasks,
  recordAndDecide,
  takeLease,
} from './fixtures.ts';

const select = (bench: Bench, ids: readonly string[]): Promise<void> =>
  recordAndDecide(
    bench,
    ids.map((id) => prediction(id)),
  );

const work = (
  predictionId: string,
  kind: 'renew_image' | 'delete_task',
  taskId: number | null,
) => ({
  kind,
  predictionId: pid(predictionId),
  project: 'random' as const,
  reasons: [],
  createdAt: NOON,
  taskId,
});

/** The life of an entry. */
export function describeOutbox(bench: Bench): void {
  describe('outbox', () => {
    it('gives entries oldest first, of one kind, no more than asked, none before its time', async () => {
      const { store, fence } = bench;
      await select(bench, ['a', 'b', 'c']);
      await store.enqueue([work('a', 'renew_image', null)], fence);
      const due = await store.dueEntries('create_task', NOON + HOUR, 2);
      assert.deepEqual(
        due.map(({ predictionId }) => predictionId),
        ['a', 'b'],
      );
      assert.deepEqual(await store.dueEntries('create_task', NOON + HOUR - 1, 9), []);
      assert.equal((await store.dueEntries('renew_image', NOON, 9)).length, 1);
    });

    it('a send that began is known to have begun, also after a crash, and is tried again not before its time', async () => {
      await select(bench, ['a']);
      const [entry] = await entriesOf(bench.store);
      await bench.store.beginSend([entry!.id], NOON + 2 * HOUR, bench.fence);
      bench.store = await bench.opened.restart();
      const due = (at: number) => bench.store.dueEntries('create_task', at, 9);
      assert.deepEqual(await due(NOON + 2 * HOUR - 1), []);
      assert.equal((await due(NOON + 2 * HOUR))[0]?.attempts, 1);
    });

    it('what was created leaves the outbox and is a task, in one step; twice is once', async () => {
      const { store, fence } = bench;
      await select(bench, ['a', 'b']);
      const entries = await entriesOf(store);
      const created = entries.slice(0, 1).map((entry) => ({
        entryId: entry.id,
        predictionId: entry.predictionId,
        project: entry.project,
        projectId: 7,
        taskId: 41,
        pushedAt: NOON + HOUR,
      }));
      assert.equal(await store.findTask(pid('a')), null);
      for (let time = 0; time < 2; time += 1) await store.markCreated(created, fence);
      assert.deepEqual(await store.findTask(pid('a')), {
        predictionId: 'a',
        project: 'random',
        projectId: 7,
        taskId: 41,
        pushedAt: NOON + HOUR,
        annotatorsWanted: 1,
        verdict: { kind: 'pending' },
        annotations: [],
        deletedAt: null,
      });
      assert.deepEqual(
        (await entriesOf(store)).map(({ predictionId }) => predictionId),
        ['b'],
      );
    });

    it('a postponed entry waits for its time and says why', async () => {
      const { store, fence } = bench;
      await select(bench, ['a', 'b']);
      const [first] = await entriesOf(store);
      await store.postpone([first!.id], NOON + 3 * HOUR, 'Label Studio did not answer', fence);
      assert.deepEqual(
        (await store.dueEntries('create_task', NOON + 2 * HOUR, 9)).map((e) => e.predictionId),
        ['b'],
      );
      const [again] = await store.dueEntries('create_task', NOON + 3 * HOUR, 9);
      assert.equal(again?.predictionId, 'a');
      assert.equal(again.lastError, 'Label Studio did not answer');
    });

    it('a buried entry is dead with its reason until it is redriven', async () => {
      const { store, fence } = bench;
      await select(bench, ['a', 'b', 'c']);
      const [a, b] = await entriesOf(store);
      await store.bury([a!.id, b!.id], 'refused: 400', fence);
      assert.deepEqual(
        (await entriesOf(store)).map(({ predictionId }) => predictionId),
        ['c'],
      );
      const dead = await store.deadEntries(9);
      assert.deepEqual(
        dead.map(({ predictionId, state, lastError }) => [predictionId, state, lastError]),
        [
          ['a', 'dead', 'refused: 400'],
          ['b', 'dead', 'refused: 400'],
        ],
      );
      assert.equal((await store.deadEntries(1)).length, 1);
      assert.equal(await store.redrive([b!.id, 123_456]), 1);
      assert.equal(await store.redrive(null), 1);
      assert.equal(await store.redrive(null), 0);
      assert.deepEqual(
        (await entriesOf(store)).map(({ predictionId }) => predictionId),
        ['a', 'b', 'c'],
      );
    });

    it('tells how much waits, how much is dead and since when, whole and by kind', async () => {
      const { store, fence } = bench;
      const empty = { pending: 0, dead: 0, oldestCreatedAt: null };
      const none = {
        create_task: empty,
        ask_annotator: empty,
        renew_image: empty,
        delete_task: empty,
      };
      assert.deepEqual(await store.outboxState(), { ...empty, byKind: none });
      await select(bench, ['a', 'b']);
      await store.enqueue([work('a', 'renew_image', null)], fence);
      const [a] = await entriesOf(store);
      await store.bury([a!.id], 'x', fence);
      assert.deepEqual(await store.outboxState(), {
        pending: 2,
        dead: 1,
        oldestCreatedAt: NOON,
        byKind: {
          ...none,
          create_task: { pending: 1, dead: 1, oldestCreatedAt: NOON + HOUR },
          renew_image: { pending: 1, dead: 0, oldestCreatedAt: NOON },
        },
      });
    });

    it('the same work is not enqueued twice, dead or alive, until it is done', async () => {
      const { store, fence } = bench;
      const entry = work('a', 'delete_task', 5);
      assert.equal(await store.enqueue([entry, entry], fence), 1);
      const others = [entry, work('a', 'delete_task', 6), work('a', 'renew_image', null)];
      assert.equal(await store.enqueue(others, fence), 2);
      const entries = await entriesOf(store, 'delete_task');
      assert.deepEqual(
        entries.map(({ taskId }) => taskId),
        [5, 6],
      );
      await store.bury([entries[0]!.id], 'x', fence);
      assert.equal(await store.enqueue([entry], fence), 0);
      assert.equal((await entriesOf(store, 'delete_task')).length, 1);
      await store.markDone([entries[0]!.id], fence);
      await store.enqueue([entry], fence);
      assert.equal((await entriesOf(store, 'delete_task')).length, 2);
    });

    it('erasing takes waiting work away and leaves the deletion of the task to be done', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['pushed']);
      await select(bench, ['waiting']);
      await store.enqueue([work('pushed', 'renew_image', null)], fence);
      assert.equal((await store.erasePrediction(pid('waiting'), NOON + DAY))?.taskId, null);
      assert.equal((await store.erasePrediction(pid('pushed'), NOON + DAY))?.taskId, 100);
      assert.deepEqual(await entriesOf(store), []);
      assert.deepEqual(await entriesOf(store, 'renew_image'), []);
      const [deletion, ...others] = await entriesOf(store, 'delete_task');
      assert.deepEqual(others, []);
      assert.equal(deletion?.taskId, 100);
      assert.equal(deletion.project, 'random');
    });

    it('erasing leaves a task that may be there to be deleted, at the time of its look-up and no other', async () => {
      const { store, fence } = bench;
      await select(bench, ['a', 'b']);
      const [a, b] = await entriesOf(store);
      await store.beginSend([a!.id, b!.id], NOON + 2 * DAY, fence);
      await store.bury([b!.id], 'x', fence);
      for (const id of ['a', 'b']) await store.erasePrediction(pid(id), NOON + DAY);
      assert.deepEqual(await entriesOf(store), []);
      assert.deepEqual(await store.deadEntries(9), []);
      assert.deepEqual(await store.dueEntries('delete_task', NOON + 2 * DAY - 1, 9), []);
      const deletions = await entriesOf(store, 'delete_task');
      assert.deepEqual(
        deletions.map(({ predictionId, taskId, reasons }) => [predictionId, taskId, reasons]),
        [
          ['a', null, []],
          ['b', null, []],
        ],
      );
      assert.equal(await store.enqueue([work('a', 'delete_task', null)], fence), 0);
      await store.markDone([deletions[0]!.id], fence);
      assert.equal((await store.outboxState()).pending, 1);
      const again = { ...work('a', 'delete_task', null), kind: 'create_task' as const };
      assert.equal(await store.enqueue([again], fence), 1);
    });

    it('a task made while its prediction was being erased is to be deleted', async () => {
      const { store, fence } = bench;
      await select(bench, ['a']);
      const [entry] = await entriesOf(store);
      await store.beginSend([entry!.id], NOON, fence);
      await store.erasePrediction(pid('a'), NOON + DAY);
      await store.markCreated(
        [
          {
            entryId: entry!.id,
            predictionId: pid('a'),
            project: 'random',
            projectId: 7,
            taskId: 55,
            pushedAt: NOON + DAY,
          },
        ],
        fence,
      );
      assert.equal(await store.findTask(pid('a')), null);
      assert.deepEqual(
        (await entriesOf(store, 'delete_task')).map(({ taskId }) => taskId),
        [55],
      );
    });

    it('a process that lost its lease changes no entry', async () => {
      const { store, fence } = bench;
      await select(bench, ['a']);
      const before = await entriesOf(store);
      const ids = before.map(({ id }) => id);
      await takeLease(store, 'two', NOON + 120_000);
      const created = {
        entryId: ids[0]!,
        predictionId: pid('a'),
        project: 'random' as const,
        projectId: 1,
        taskId: 1,
        pushedAt: 1,
      };
      for (const write of [
        () => store.beginSend(ids, NOON, fence),
        () => store.markCreated([created], fence),
        () => store.markDone(ids, fence),
        () => store.postpone(ids, NOON * 2, 'x', fence),
        () => store.bury(ids, 'x', fence),
        () => store.enqueue([work('a', 'renew_image', null)], fence),
      ])
        await assert.rejects(write(), LeaseLost);
      assert.deepEqual(await entriesOf(store), before);
      assert.equal((await store.outboxState()).pending, 1);
      assert.equal(await store.findTask(pid('a')), null);
    });
  });
}
