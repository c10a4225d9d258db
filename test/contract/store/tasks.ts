import assert from 'node:assert/strict';

import { LeaseLost } from '../../../src/domain/errors.ts';
import type { Bench } from './fixtures.ts';
import {
  agreed,
  annotation,
  DAY,
  entriesOf,
  HOUR,
  NOON,
  pid,
  prediction,
  pull,
  pushTasks,
  recordAndDecide,
  takeLease,
} from './fixtures.ts';

/** Tasks, what was pulled, reconciliation. */
export function describeTasks(bench: Bench): void {
  describe('tasks', () => {
    it('projects and watermarks are remembered', async () => {
      const { store, fence } = bench;
      assert.equal(await store.projectId('random'), null);
      assert.equal(await store.watermark(7), null);
      await store.setProjectId('random', 7, fence);
      await store.setProjectId('random', 8, fence);
      await store.setProjectId('disputed', 9, fence);
      await store.savePulled([], { projectId: 8, at: NOON }, fence);
      await store.savePulled([], { projectId: 8, at: NOON + 1 }, fence);
      bench.store = await bench.opened.restart();
      assert.equal(await bench.store.projectId('random'), 8);
      assert.equal(await bench.store.projectId('disputed'), 9);
      assert.equal(await bench.store.projectId('low_confidence'), null);
      assert.equal(await bench.store.watermark(8), NOON + 1);
    });

    it('annotations, verdict and watermark are stored together; the newest reading is what counts', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      const first = annotation(1, 'Soup');
      await pull(bench, 'a', [first], agreed('Soup'));
      assert.equal(await store.watermark(7), NOON + 4 * HOUR);
      const edited = annotation(1, 'Rice', { updatedAt: NOON + 5 * HOUR });
      const second = annotation(2, 'Rice', { annotator: 'ann-2' });
      await pull(bench, 'a', [edited, second], agreed('Rice'));
      const task = await store.findTask(pid('a'));
      assert.deepEqual(task?.annotations, [edited, second]);
      assert.deepEqual(task.verdict, agreed('Rice'));
    });

    it('the same reading twice changes nothing', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      for (let time = 0; time < 2; time += 1)
        await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      assert.equal((await store.findTask(pid('a')))?.annotations.length, 1);
      assert.equal((await store.labelFlow(NOON)).labels, 1);
    });

    it('an annotation that is no longer there is gone', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      await pull(bench, 'a', [annotation(1, 'Soup'), annotation(2, 'Soup')], agreed('Soup'));
      await pull(bench, 'a', [annotation(2, 'Soup')], agreed('Soup'));
      assert.deepEqual(
        (await store.findTask(pid('a')))?.annotations.map(({ annotationId }) => annotationId),
        [2],
      );
      await pull(bench, 'a', [], { kind: 'pending' });
      assert.deepEqual((await store.findTask(pid('a')))?.annotations, []);
    });

    it('every kind of answer and verdict comes back as it was', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      const answers = [
        { kind: 'class', trueClass: 'Gemüse 🥦' },
        { kind: 'none_of_these' },
        { kind: 'skipped' },
        { kind: 'unusable', why: 'several_classes' },
      ] as const;
      const annotations = answers.map((answer, index) => annotation(index + 1, '', { answer }));
      for (const verdict of [
        { kind: 'pending' },
        agreed('None of these'),
        { kind: 'disagreed', shares: { 'Gemüse 🥦': 1 / 3, 'None of these': 2 / 3 }, since: NOON },
        { kind: 'skipped' },
        { kind: 'unusable', why: 'no_class' },
      ] as const) {
        await pull(bench, 'a', annotations, verdict);
        const task = await store.findTask(pid('a'));
        assert.deepEqual(task?.verdict, verdict);
        assert.deepEqual(task.annotations, annotations);
      }
    });

    it('what was pulled for an unknown or erased prediction is left out, the rest is stored', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['a', 'b']);
      await store.erasePrediction(pid('b'), NOON + DAY);
      await store.savePulled(
        ['nobody', 'b', 'a'].map((id) => ({
          predictionId: pid(id),
          annotations: [annotation(1, 'Soup')],
          verdict: agreed('Soup'),
          annotatorsWanted: 2,
        })),
        { projectId: 7, at: NOON },
        fence,
      );
      assert.equal((await store.findTask(pid('a')))?.annotatorsWanted, 2);
      assert.equal(await store.findTask(pid('b')), null);
      assert.equal((await store.tasksOf([pid('nobody'), pid('a'), pid('b')])).length, 1);
    });

    it('streams every task of a project that is there, by prediction id, past one page', async () => {
      const { store, fence } = bench;
      const ids = Array.from({ length: 1201 }, (_, index) => `p${String(index).padStart(5, '0')}`);
      await pushTasks(bench, [...ids].reverse());
      await store.markDeleted([pid('p00007')], NOON + DAY, fence);
      await store.erasePrediction(pid('p00009'), NOON + DAY);
      const seen: string[] = [];
      let pages = 0;
      for await (const page of store.allTasks('random')) {
        pages += 1;
        seen.push(...page.map(({ predictionId }) => predictionId));
      }
      assert.ok(pages > 1);
      assert.deepEqual(
        seen,
        ids.filter((id) => id !== 'p00007' && id !== 'p00009'),
      );
      for await (const page of store.allTasks('disputed')) assert.deepEqual(page, []);
    }).timeout(60_000);

    it('a deleted task keeps its record and loses its labels; made again, it begins anew', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['a']);
      await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      for (let time = 0; time < 2; time += 1)
        await store.markDeleted([pid('a'), pid('nobody')], NOON + DAY + time, fence);
      assert.equal((await store.findTask(pid('a')))?.deletedAt, NOON + DAY);
      await store.enqueue(
        [
          {
            kind: 'create_task',
            predictionId: pid('a'),
            project: 'random',
            reasons: ['random'],
            createdAt: NOON + DAY,
            taskId: null,
          },
        ],
        fence,
      );
      const [entry] = await entriesOf(store);
      await store.markCreated(
        [
          {
            entryId: entry!.id,
            predictionId: pid('a'),
            project: 'random',
            projectId: 8,
            taskId: 500,
            pushedAt: NOON + 2 * DAY,
          },
        ],
        fence,
      );
      const task = await store.findTask(pid('a'));
      assert.equal(task?.taskId, 500);
      assert.equal(task.projectId, 8);
      assert.equal(task.deletedAt, null);
      assert.deepEqual(task.verdict, { kind: 'pending' });
      assert.deepEqual(task.annotations, []);
    });

    it('a relinked task is another one with the same labels', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['a']);
      await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      await store.relinkTask(pid('a'), 9, 900, fence);
      const task = await store.findTask(pid('a'));
      assert.equal(task?.taskId, 900);
      assert.equal(task.projectId, 9);
      assert.deepEqual(task.verdict, agreed('Soup'));
    });

    it('counts annotators by who answered since, each once', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a', 'b']);
      const at = (updatedAt: number) => ({ createdAt: updatedAt, updatedAt });
      await pull(
        bench,
        'a',
        [
          annotation(1, 'Soup', { annotator: 'x', ...at(NOON) }),
          annotation(2, 'Soup', { annotator: 'y', ...at(NOON + DAY) }),
        ],
        agreed('Soup'),
      );
      await pull(
        bench,
        'b',
        [annotation(3, 'Soup', { annotator: 'y', ...at(NOON - DAY) })],
        agreed('Soup'),
      );
      assert.equal(await store.annotatorCount(NOON - 2 * DAY), 2);
      assert.equal(await store.annotatorCount(NOON + 1), 1);
      assert.equal(await store.annotatorCount(NOON + DAY + 1), 0);
    });

    it('open ties are the disagreed ones younger than the time, and no others', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['old', 'young', 'solved', 'deleted']);
      const tie = (since: number) =>
        ({ kind: 'disagreed', shares: { Soup: 0.5, Rice: 0.5 }, since }) as const;
      await pull(bench, 'old', [], tie(NOON - 1));
      await pull(bench, 'young', [], tie(NOON));
      await pull(bench, 'solved', [], tie(NOON));
      await pull(bench, 'solved', [], agreed('Soup'));
      await pull(bench, 'deleted', [], tie(NOON));
      await store.markDeleted([pid('deleted')], NOON, fence);
      assert.deepEqual(
        (await store.openTies(NOON)).map(({ predictionId }) => predictionId),
        ['young'],
      );
    });

    it('label flow: verdicts by their newest answer, and what waits for one, pushed or not', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a', 'b', 'c']);
      assert.deepEqual(await store.labelFlow(0), { labels: 0, openTasks: 3 });
      await pull(bench, 'a', [annotation(1, 'Soup', { createdAt: NOON })], agreed('Soup'));
      await pull(bench, 'b', [annotation(2, 'Soup', { createdAt: NOON + DAY })], agreed('Soup'));
      assert.deepEqual(await store.labelFlow(NOON), { labels: 2, openTasks: 1 });
      assert.deepEqual(await store.labelFlow(NOON + 1), { labels: 1, openTasks: 1 });
      const edited = annotation(1, 'Rice', { createdAt: NOON, updatedAt: NOON + 2 * DAY });
      await pull(bench, 'a', [edited], agreed('Rice'));
      assert.deepEqual(await store.labelFlow(NOON + 1), { labels: 1, openTasks: 1 });
      await pull(bench, 'a', [], { kind: 'pending' });
      assert.deepEqual(await store.labelFlow(NOON), { labels: 1, openTasks: 2 });
    });

    it('what an annotator finds: tasks that wait for an answer, by project, and only those', async () => {
      const { store, fence } = bench;
      const none = { random: 0, low_confidence: 0, disputed: 0 };
      assert.deepEqual(await store.waitingTasks(), none);
      await recordAndDecide(bench, [prediction('in the outbox')]);
      assert.deepEqual(await store.waitingTasks(), none);
      await pushTasks(bench, ['a', 'b', 'deleted', 'erased']);
      // The entry that waited above went along.
      assert.deepEqual(await store.waitingTasks(), { ...none, random: 5 });
      await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      await store.markDeleted([pid('deleted')], NOON, fence);
      await store.erasePrediction(pid('erased'), NOON);
      assert.deepEqual(await store.waitingTasks(), { ...none, random: 2 });
    });

    it('a process that lost its lease changes no task', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['a']);
      const before = await store.findTask(pid('a'));
      await takeLease(store, 'two', NOON + 120_000);
      for (const write of [
        () => pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup')),
        () => store.setProjectId('random', 1, fence),
        () => store.markDeleted([pid('a')], NOON, fence),
        () => store.relinkTask(pid('a'), 1, 1, fence),
      ])
        await assert.rejects(write(), LeaseLost);
      assert.deepEqual(await store.findTask(pid('a')), before);
      assert.equal(await store.projectId('random'), null);
      assert.equal(await store.watermark(7), null);
    });
  });
}
